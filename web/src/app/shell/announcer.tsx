// Tells a screen reader what has happened, where the eye would see it: one polite live region, which
// is there from the start, as readers need, and beside the page, which an open dialog hides from them.

import { makeStyles, useFocusFinders } from '@fluentui/react-components';
import { createContext, useCallback, useContext, useState, type ReactNode } from 'react';
import { createPortal } from 'react-dom';

const AnnounceContext = createContext<(text: string) => void>(() => undefined);

export function useAnnounce(): (text: string) => void {
  return useContext(AnnounceContext);
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
  const [said, setSaid] = useState({ text: '', count: 0 });
  // Keeps Fluent's focus management alive from one dialog to the next: were it to end with the last
  // dialog, the page would stay hidden from screen readers.
  useFocusFinders();
  const announce = useCallback(
    (text: string) => setSaid(({ count }) => ({ text, count: count + 1 })),
    [],
  );
  return (
    <AnnounceContext value={announce}>
      {children}
      {createPortal(
        <div role="status" aria-label="What has happened" className={styles.unseen} data-tabster-never-hide="">
          {/* A new element for each text: the same text twice is said twice. */}
          <span key={said.count}>{said.text}</span>
        </div>,
        document.body,
      )}
    </AnnounceContext>
  );
}
