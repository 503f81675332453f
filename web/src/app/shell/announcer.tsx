// Tells a screen reader what has happened, where the eye would see it: one polite live region, which
// is there from the start, as readers need.

import { makeStyles } from '@fluentui/react-components';
import { createContext, useCallback, useContext, useState, type ReactNode } from 'react';

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
  const announce = useCallback(
    (text: string) => setSaid(({ count }) => ({ text, count: count + 1 })),
    [],
  );
  return (
    <AnnounceContext value={announce}>
      {children}
      <div role="status" aria-label="What has happened" className={styles.unseen}>
        {/* A new element for each text: the same text twice is said twice. */}
        <span key={said.count}>{said.text}</span>
      </div>
    </AnnounceContext>
  );
}
