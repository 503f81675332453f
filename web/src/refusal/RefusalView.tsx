// What a page shows in the place of what it was refused: what is the matter, who can do something
// about it, a button that does it, and what support needs to know.

import {
  Link,
  MessageBar,
  MessageBarBody,
  MessageBarTitle,
  makeStyles,
  tokens,
} from '@fluentui/react-components';
import { useEffect } from 'react';
import { explain, type Challenge, type Refusal } from 'selvedge-challenge';
import { useAnnounce } from '../accessibility/announcer.tsx';
import { useKeptFocus } from '../accessibility/useKeptFocus.ts';
import { RefusalAction } from './RefusalAction.tsx';
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

export interface RefusalViewProps {
  refusal: Refusal;
  // Repeats the call; with an answer, its dialog opens first, within the click.
  again: (answer?: Challenge) => void;
  // Opens the dialog that explains what nothing can change.
  show: (challenge: Challenge) => void;
  // Reads anew what has changed meanwhile, where that is not the same as repeating the call.
  reload?: () => void;
  busy?: boolean;
}

export function RefusalView({ refusal, again, show, reload, busy = false }: RefusalViewProps) {
  const styles = useStyles();
  const bar = useKeptFocus<HTMLDivElement>();
  const announce = useAnnounce();
  const { title, text, actor, action } = explain(refusal);
  useEffect(() => announce(`${title}. ${text}`), [announce, refusal, title, text]);
  const links = refusal.links.filter(({ url }) => action?.kind !== 'open' || action.url !== url);
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
        {actor !== 'You' && <p className={styles.text}>Who can help: {actor}.</p>}
        {(action || links.length > 0) && (
          <div className={styles.actions}>
            {action && (
              <RefusalAction
                // A new refusal has a wait of its own.
                key={refusal.traceId}
                action={action}
                busy={busy}
                again={again}
                show={show}
                reload={reload ?? again}
              />
            )}
            {links.map(({ url, description }) => (
              <Link key={url} href={url} target="_blank" rel="noreferrer" inline>
                {description || url}
              </Link>
            ))}
          </div>
        )}
        {refusal.traceId && <TraceId id={refusal.traceId} />}
        <RefusalDetails refusal={refusal} />
      </MessageBarBody>
    </MessageBar>
  );
}
