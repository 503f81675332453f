// The trace id of a refusal, which leads an operator to its cause, and a button that copies it.

import { Button, makeStyles, tokens } from '@fluentui/react-components';
import { CopyRegular } from '@fluentui/react-icons';
import { useRef } from 'react';
import { useAnnounce } from '../accessibility/announcer.tsx';

const useStyles = makeStyles({
  line: { display: 'flex', alignItems: 'center', columnGap: tokens.spacingHorizontalXS },
  id: { fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200, wordBreak: 'break-all' },
});

export function TraceId({ id }: { id: string }) {
  const styles = useStyles();
  const announce = useAnnounce();
  const text = useRef<HTMLElement>(null);
  const copy = async () => {
    const copied = (await toClipboard(id)) || (text.current !== null && bySelection(text.current));
    announce(copied ? 'Trace ID copied.' : 'The browser does not allow copying; the trace ID is selected.');
  };
  return (
    <span className={styles.line}>
      Trace ID:
      <code ref={text} className={styles.id}>
        {id}
      </code>
      <Button
        appearance="subtle"
        size="small"
        icon={<CopyRegular />}
        aria-label="Copy the trace ID"
        onClick={() => void copy()}
      />
    </span>
  );
}

async function toClipboard(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

// A frame may use the clipboard only where its host lets it; what a user has selected, it may copy.
function bySelection(element: HTMLElement): boolean {
  getSelection()?.selectAllChildren(element);
  return document.execCommand('copy');
}
