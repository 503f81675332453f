// Uploads one file at a time, and says how far it has come.

import { useEffect, useRef, useState } from 'react';
import { heal, type Challenge, type Refusal } from 'selvedge-challenge';
import { filePath } from '../forms/validation.ts';
import { useCommand } from '../loading/useCommand.ts';
import { useServices } from '../service/services.ts';
import { useAnnounce } from '../../accessibility/announcer.tsx';
import { nameOf, uploadUrl, type Lakehouse } from './path.ts';
import { upload } from './upload.ts';

export interface Uploading {
  isBusy: boolean;
  // Of the file that is under way, or was refused.
  name: string;
  sent: number;
  size: number;
  // Why the file cannot be asked for at all.
  problem?: string;
  refusal?: Refusal;
  start(file: File, path: string): void;
  again(answer?: Challenge): void;
  cancel(): void;
}

export function useUpload(lakehouse: Lakehouse, onUploaded: () => void): Uploading {
  const { url: service, tokens } = useServices();
  const announce = useAnnounce();
  const command = useCommand();
  const [file, setFile] = useState({ name: '', size: 0, sent: 0 });
  // The folder may have been left for another when the upload is done.
  const uploaded = useRef(onUploaded);
  useEffect(() => {
    uploaded.current = onUploaded;
  });
  const [problem, setProblem] = useState<string>();

  const start = (chosen: File, path: string) => {
    const wrong = filePath(path);
    setProblem(wrong && `${chosen.name} cannot be uploaded. ${wrong}`);
    if (wrong) return;
    const url = uploadUrl(service, lakehouse, path);
    const progress = (sent: number) => setFile({ name: nameOf(path), size: chosen.size, sent });
    command.run(async ({ signal, answer }) => {
      const attempt = (headers: Record<string, string>) => {
        progress(0);
        return upload({ url, file: chosen, headers, signal, onProgress: progress });
      };
      await heal(tokens, attempt, { signal, answer });
      announce(`${chosen.name} uploaded.`);
      uploaded.current();
    });
  };
  return {
    ...file,
    isBusy: command.busy,
    problem,
    refusal: command.refusal,
    start,
    again: command.again,
    cancel: () => {
      command.cancel();
      announce('Upload stopped.');
    },
  };
}
