// What is around every view of the page: its look, light or dark as the user's system is, and its
// heading.

import {
  FluentProvider,
  makeStaticStyles,
  makeStyles,
  tokens,
  typographyStyles,
  webDarkTheme,
  webLightTheme,
} from '@fluentui/react-components';
import { useSyncExternalStore, type ReactNode } from 'react';
import { Announcer } from '../../accessibility/announcer.tsx';

const useDocumentStyles = makeStaticStyles({ body: { margin: 0 } });

const useStyles = makeStyles({
  surface: { minHeight: '100vh', backgroundColor: tokens.colorNeutralBackground2 },
  page: {
    boxSizing: 'border-box',
    maxWidth: '1040px',
    margin: '0 auto',
    padding: `${tokens.spacingVerticalXXXL} ${tokens.spacingHorizontalXXL}`,
    display: 'flex',
    flexDirection: 'column',
    rowGap: tokens.spacingVerticalXL,
  },
  heading: { ...typographyStyles.title2, margin: 0, outlineStyle: 'none' },
  purpose: { margin: 0, color: tokens.colorNeutralForeground2, maxWidth: '75ch' },
  head: { display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalXS },
});

const dark = matchMedia('(prefers-color-scheme: dark)');

function subscribe(listener: () => void): () => void {
  dark.addEventListener('change', listener);
  return () => dark.removeEventListener('change', listener);
}

export function Frame({ children }: { children: ReactNode }) {
  useDocumentStyles();
  const styles = useStyles();
  const isDark = useSyncExternalStore(subscribe, () => dark.matches);
  return (
    <FluentProvider theme={isDark ? webDarkTheme : webLightTheme} className={styles.surface}>
      <Announcer>
        <main className={styles.page}>
          <header className={styles.head}>
            <h1 tabIndex={-1} className={styles.heading}>
              Token broker
            </h1>
            <p className={styles.purpose}>
              Two components share one sign-in. Each has a registration of its own, and gets tokens for
              nothing but what that registration has consent for. One dialog asks for both.
            </p>
          </header>
          {children}
        </main>
      </Announcer>
    </FluentProvider>
  );
}
