// What has become of a download.

import { Button, MessageBar, MessageBarActions, MessageBarBody } from '@fluentui/react-components';
import { ServiceRefusal } from '../refusal/ServiceRefusal.tsx';
import { sizeText } from '../shell/texts.ts';
import { Transfer } from './Transfer.tsx';
import type { Downloading } from './useDownload.ts';

export function DownloadStatus({ downloading }: { downloading: Downloading }) {
  const { isBusy, name, received, size, refusal, again, cancel, savePart } = downloading;
  return (
    <>
      {isBusy && <Transfer label={`Downloading ${name}`} done={received} size={size} onCanceled={cancel} />}
      {refusal && <ServiceRefusal refusal={refusal} again={again} busy={isBusy} />}
      {refusal && !isBusy && received > 0 && (
        <MessageBar>
          <MessageBarBody>
            {sizeText(received)} of {sizeText(size)} of {name} have arrived.
          </MessageBarBody>
          <MessageBarActions>
            <Button size="small" onClick={savePart}>
              Save what has arrived
            </Button>
          </MessageBarActions>
        </MessageBar>
      )}
    </>
  );
}
