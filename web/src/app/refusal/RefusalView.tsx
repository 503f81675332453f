// What a page shows in the place of what it was refused: what is the matter, what to do, a button that
// does it, and what support needs to know.

import {
  Button,
  Link,
  MessageBar,
  MessageBarBody,
  MessageBarTitle,
  makeStyles,
  tokens,
} from '@fluentui/react-components';
import { useEffect, useLayoutEffect, useRef } from 'react';
import { explain, type Refusal } from 'selvedge-challenge';
import { useAnnounce } from '../shell/announcer.tsx';
import { RefusalDetails } from './RefusalDetails.tsx';
import { TraceId } from './TraceId.tsx';

const useStyles = makeStyles({
  bar: { paddingTop: tokens.spacingVerticalM, paddingBottom: tokens.spacingVerticalM },
  body: { display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalS },
  text: { margin: 0, maxWidth: '75ch', whiteSpace: 'normal' },
  actions: {
    display: 'flex',
    flexWrap: 'wrap',
    alignItems: 'center',
    gap: tokens.spacingHorizontalM,
  },
});

interface RefusalViewProps {
  refusal: Refusal;
  // Repeats the call. Within the click a dialog of the host may open, and the call heals itself.
  again: () => void;
  busy?: boolean;
  // Another way out, for example to load what someone else has changed.
  instead?: { label: string; act: () => void };
}

export function RefusalView({ refusal, again, busy = false, instead }: RefusalViewProps) {
  const styles = useStyles();
  const announce = useAnnounce();
  const { title, text, action } = explain(refusal);
  const bar = useKeptFocus();
  useEffect(() => announce(`${title}. ${text}`), [announce, title, text]);
  return (
    <MessageBar
      ref={bar}
      layout="multiline"
      intent={action ? 'warning' : 'error'}
      className={styles.bar}
      data-testid="refusal"
      data-reason={refusal.reason || refusal.code}
    >
      <MessageBarBody className={styles.body}>
        <MessageBarTitle>{title}</MessageBarTitle>
        <p className={styles.text}>{text}</p>
        <div className={styles.actions}>
          {action && (
            <Button appearance="primary" size="small" disabledFocusable={busy} onClick={again}>
              {action.label}
            </Button>
          )}
          {instead && (
            <Button size="small" disabledFocusable={busy} onClick={instead.act}>
              {instead.label}
            </Button>
          )}
          {refusal.links.map(({ url, description }) => (
            <Link key={url} href={url} target="_blank" rel="noreferrer" inline>
              {description || url}
            </Link>
          ))}
        </div>
        {refusal.traceId && <TraceId id={refusal.traceId} />}
        <RefusalDetails refusal={refusal} />
      </MessageBarBody>
    </MessageBar>
  );
}

// When the refusal goes away, and the button that was pressed with it, the page's heading has the
// focus: it would be nowhere otherwise.
function useKeptFocus() {
  const bar = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const element = bar.current;
    return () => {
      if (!element?.contains(document.activeElement)) return;
      element.closest('main')?.querySelector('h1')?.focus();
    };
  }, []);
  return bar;
}
