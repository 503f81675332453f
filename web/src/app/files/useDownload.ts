// Downloads one file at a time, message by message, and keeps what has come if the stream breaks.

import { useRef, useState } from 'react';
import type { Challenge, Refusal } from 'selvedge-challenge';
import type { File as StoredFile } from '../../../gen/selvedge/data/v1/lakehouse_service_pb';
import { useCommand } from '../loading/useCommand.ts';
import { useServices } from '../service/services.ts';
import { useAnnounce } from '../../accessibility/announcer.tsx';
import { nameOf, type Lakehouse } from './path.ts';

export interface Downloading {
  isBusy: boolean;
  // Of the file that is under way, or was refused.
  name: string;
  received: number;
  size: number;
  refusal?: Refusal;
  start(file: StoredFile): void;
  again(answer?: Challenge): void;
  cancel(): void;
  // Saves what has come of a file whose stream broke.
  savePart(): void;
}

export function useDownload({ workspaceId, lakehouseId }: Lakehouse): Downloading {
  const { lakehouse } = useServices();
  const announce = useAnnounce();
  const command = useCommand();
  const [file, setFile] = useState({ name: '', size: 0, received: 0 });
  const parts = useRef<Uint8Array<ArrayBuffer>[]>([]);

  const start = ({ path, sizeBytes }: StoredFile) => {
    const name = nameOf(path);
    const size = Number(sizeBytes);
    command.run(async (attempt) => {
      parts.current = [];
      let received = 0;
      setFile({ name, size, received });
      const location = { workspaceId, lakehouseId, path };
      for await (const { content } of lakehouse.readFile({ location }, attempt)) {
        // A stream that has been given up may still have a message under way.
        attempt.signal.throwIfAborted();
        parts.current.push(content as Uint8Array<ArrayBuffer>);
        received += content.length;
        setFile({ name, size, received });
      }
      save(name, parts.current);
      announce(`${name} downloaded.`);
    });
  };
  return {
    ...file,
    isBusy: command.busy,
    refusal: command.refusal,
    start,
    again: command.again,
    cancel: () => {
      command.cancel();
      announce('Download stopped.');
    },
    savePart: () => save(`${file.name}.part`, parts.current),
  };
}

function save(name: string, parts: Uint8Array<ArrayBuffer>[]): void {
  const url = URL.createObjectURL(new Blob(parts, { type: 'application/octet-stream' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
