// Tells a screen reader what has happened, where the eye would see it: one polite live region, which
// is there from the start, as readers need, and beside the page, which an open dialog hides from them.

import { makeStyles, useFocusFinders } from '@fluentui/react-components';
import { createContext, useCallback, useContext, useState, type ReactNode } from 'react';
import { createPortal } from 'react-dom';

const AnnounceContext = createContext<(text: string) => void>(() => undefined);

export function useAnnounce(): (text: string) => void {
  return useContext(AnnounceContext);
}

// A text that follows at once must not take away the one before it: readers need time.
const KEPT = 4;

interface Said {
  text: string;
  turn: number;
}

const useStyles = makeStyles({
  unseen: {
    position: 'absolute',
    width: '1px',
    height: '1px',
    overflow: 'hidden',
    clipPath: 'inset(50%)',
    whiteSpace: 'nowrap',
  },
});

export function Announcer({ children }: { children: ReactNode }) {
  const styles = useStyles();
  const [said, setSaid] = useState<Said[]>([]);
  // Keeps Fluent's focus management alive from one dialog to the next: were it to end with the last
  // dialog, the page would stay hidden from screen readers.
  useFocusFinders();
  const announce = useCallback(
    (text: string) =>
      setSaid((before) => [...before, { text, turn: (before.at(-1)?.turn ?? 0) + 1 }].slice(-KEPT)),
    [],
  );
  return (
    <AnnounceContext value={announce}>
      {children}
      {createPortal(
        <div
          role="status"
          aria-atomic="false"
          aria-label="What has happened"
          className={styles.unseen}
          data-tabster-never-hide=""
        >
          {/* A new element for each text: the same text twice is said twice. */}
          {said.map(({ text, turn }) => (
            <p key={turn}>{text}</p>
          ))}
        </div>,
        document.body,
      )}
    </AnnounceContext>
  );
}
