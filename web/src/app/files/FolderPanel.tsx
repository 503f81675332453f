// One folder of a lakehouse: what is in it, and what can be done with that.

import { Button, makeStyles, tokens } from '@fluentui/react-components';
import { ArrowClockwiseRegular, ArrowUploadRegular } from '@fluentui/react-icons';
import { useCallback, useRef, useState } from 'react';
import type { File as StoredFile } from '../../../gen/selvedge/data/v1/lakehouse_service_pb';
import type { Attempt } from '../loading/attempt.ts';
import { PagedList } from '../loading/PagedList.tsx';
import { withoutEntry } from '../loading/pages.ts';
import { useCommand } from '../loading/useCommand.ts';
import { usePages } from '../loading/usePages.ts';
import { ServiceRefusal } from '../refusal/ServiceRefusal.tsx';
import { useServices } from '../service/services.ts';
import { useAnnounce } from '../../accessibility/announcer.tsx';
import { Commands } from '../shell/Commands.tsx';
import { Confirm } from './Confirm.tsx';
import { DownloadStatus } from './DownloadStatus.tsx';
import { FileTable } from './FileTable.tsx';
import { FolderTrail } from './FolderTrail.tsx';
import { nameOf, within, type Lakehouse } from './path.ts';
import { UploadStatus } from './UploadStatus.tsx';
import { useDownload } from './useDownload.ts';
import { useUpload } from './useUpload.ts';

const useStyles = makeStyles({
  panel: { display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalL },
});

type Question = { kind: 'replace'; file: File } | { kind: 'delete'; stored: StoredFile };

export function FolderPanel({ lakehouse, folder }: { lakehouse: Lakehouse; folder: string }) {
  const styles = useStyles();
  const { lakehouse: service } = useServices();
  const { workspaceId, lakehouseId } = lakehouse;
  const announce = useAnnounce();
  const [question, setQuestion] = useState<Question>();
  const input = useRef<HTMLInputElement>(null);
  const control = usePages(
    useCallback(
      async (pageToken: string, attempt: Attempt) => {
        const request = { workspaceId, lakehouseId, folder, pageToken };
        const page = await service.listFiles(request, attempt);
        return { entries: page.files, next: page.nextPageToken };
      },
      [service, workspaceId, lakehouseId, folder],
    ),
  );
  const deletion = useCommand();
  const downloading = useDownload(lakehouse);
  const uploading = useUpload(lakehouse, control.reload);

  const chosen = (file: File) => {
    const { entries, next } = control.pages;
    const path = within(folder, file.name);
    // What has not been listed may be there too.
    if (next !== undefined || entries.some((entry) => entry.path === path)) setQuestion({ kind: 'replace', file });
    else uploading.start(file, path);
  };
  const remove = ({ path }: StoredFile) =>
    deletion.run(async (attempt) => {
      await service.deleteFile({ location: { workspaceId, lakehouseId, path } }, attempt);
      control.change((entries) => withoutEntry(entries, path, (entry) => entry.path));
      announce(`${nameOf(path)} deleted.`);
    });
  return (
    <div className={styles.panel}>
      {folder !== '' && <FolderTrail lakehouse={lakehouse} folder={folder} />}
      <Commands label="Files commands">
        <Button appearance="primary"
          icon={<ArrowUploadRegular />}
          disabledFocusable={uploading.isBusy}
          onClick={() => input.current?.click()}
        >
          Upload a file
        </Button>
        <Button icon={<ArrowClockwiseRegular />} onClick={control.reload}>
          Refresh
        </Button>
      </Commands>
      <input
        ref={input}
        type="file"
        hidden
        aria-label="File to upload"
        onChange={({ currentTarget }) => {
          const file = currentTarget.files?.[0];
          // The same file can be chosen again.
          currentTarget.value = '';
          if (file) chosen(file);
        }}
      />
      <UploadStatus uploading={uploading} />
      <DownloadStatus downloading={downloading} />
      {deletion.refusal && (
        <ServiceRefusal refusal={deletion.refusal} again={deletion.again} busy={deletion.busy} />
      )}
      <PagedList control={control} plural="files" empty="This folder is empty.">
        {(files) => (
          <FileTable
            files={files}
            lakehouse={lakehouse}
            onDownload={downloading.start}
            onDelete={(stored) => setQuestion({ kind: 'delete', stored })}
          />
        )}
      </PagedList>
      {question && (
        <Confirm
          {...wording(question)}
          onAnswered={(agreed) => {
            setQuestion(undefined);
            if (!agreed) return;
            if (question.kind === 'delete') remove(question.stored);
            else uploading.start(question.file, within(folder, question.file.name));
          }}
        />
      )}
    </div>
  );
}

function wording(question: Question): { title: string; text: string; action: string } {
  if (question.kind === 'replace') {
    return {
      title: `Replace ${question.file.name}?`,
      text: 'A file of this name may be in the folder already. Its content would be lost.',
      action: 'Replace',
    };
  }
  const { path, isFolder } = question.stored;
  return {
    title: `Delete ${nameOf(path)}?`,
    text: isFolder ? 'The folder is deleted with all that is in it.' : 'The file cannot be brought back from here.',
    action: 'Delete',
  };
}
