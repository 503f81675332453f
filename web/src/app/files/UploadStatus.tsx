// What has become of an upload.

import { MessageBar, MessageBarBody } from '@fluentui/react-components';
import { ServiceRefusal } from '../refusal/ServiceRefusal.tsx';
import { Transfer } from './Transfer.tsx';
import type { Uploading } from './useUpload.ts';

export function UploadStatus({ uploading }: { uploading: Uploading }) {
  const { isBusy, name, sent, size, problem, refusal, again, cancel } = uploading;
  return (
    <>
      {isBusy && <Transfer label={`Uploading ${name}`} done={sent} size={size} onCanceled={cancel} />}
      {refusal && <ServiceRefusal refusal={refusal} again={again} busy={isBusy} />}
      {problem && (
        <MessageBar intent="error" layout="multiline">
          <MessageBarBody>{problem}</MessageBarBody>
        </MessageBar>
      )}
    </>
  );
}
