// A refusal where it was met: what is the matter, who can do something about it, the button that does
// it, and the trace id for support.

import {
  Button,
  MessageBar,
  MessageBarBody,
  MessageBarTitle,
  makeStyles,
  tokens,
} from '@fluentui/react-components';
import { explain, type Action, type Challenge, type Refusal } from 'selvedge-challenge';

const useStyles = makeStyles({
  bar: { paddingTop: tokens.spacingVerticalM, paddingBottom: tokens.spacingVerticalM },
  body: {
    display: 'flex',
    flexDirection: 'column',
    alignItems: 'start',
    rowGap: tokens.spacingVerticalS,
    whiteSpace: 'normal',
  },
  text: { margin: 0 },
  trace: { margin: 0, fontSize: tokens.fontSizeBase200, wordBreak: 'break-all' },
});

interface RefusalPanelProps {
  refusal: Refusal;
  busy: boolean;
  // With an answer, its dialog opens first, within the click.
  again: (answer?: Challenge) => void;
}

export function RefusalPanel({ refusal, busy, again }: RefusalPanelProps) {
  const styles = useStyles();
  const { title, text, actor, action } = explain(refusal);
  return (
    <MessageBar
      intent={action ? 'warning' : 'error'}
      layout="multiline"
      className={styles.bar}
      data-testid="refusal"
      data-reason={refusal.reason || refusal.code}
    >
      <MessageBarBody className={styles.body}>
        <MessageBarTitle>{title}</MessageBarTitle>
        <p className={styles.text}>{text}</p>
        {actor !== 'You' && <p className={styles.text}>Who can help: {actor}.</p>}
        {action && <ActionButton action={action} busy={busy} again={again} />}
        {refusal.traceId && (
          <p className={styles.trace}>
            Trace ID: <code>{refusal.traceId}</code>
          </p>
        )}
      </MessageBarBody>
    </MessageBar>
  );
}

function ActionButton({ action, busy, again }: Omit<RefusalPanelProps, 'refusal'> & { action: Action }) {
  switch (action.kind) {
    case 'open':
      return (
        <Button as="a" size="small" href={action.url} target="_blank" rel="noreferrer">
          {action.label}
        </Button>
      );
    case 'answer':
    case 'show':
      return (
        <Button
          appearance="primary"
          size="small"
          disabledFocusable={busy}
          onClick={() => again(action.challenge)}
        >
          {action.label}
        </Button>
      );
    case 'retry':
    case 'reload':
      return (
        <Button size="small" disabledFocusable={busy} onClick={() => again()}>
          {action.label}
        </Button>
      );
  }
}
