// What every page has: its heading, which takes the focus after a navigation, a line on what the page
// is for, its commands, its content.

import { Text, makeStyles, tokens, typographyStyles } from '@fluentui/react-components';
import { useEffect, useRef, type ReactNode } from 'react';

const useStyles = makeStyles({
  page: {
    display: 'flex',
    flexDirection: 'column',
    rowGap: tokens.spacingVerticalL,
    maxWidth: '1080px',
    padding: `${tokens.spacingVerticalXL} ${tokens.spacingHorizontalXXL} ${tokens.spacingVerticalXXXL}`,
  },
  heading: { ...typographyStyles.title2, margin: 0, outlineStyle: 'none' },
  purpose: { color: tokens.colorNeutralForeground2, maxWidth: '100ch' },
  surface: {
    display: 'flex',
    flexDirection: 'column',
    rowGap: tokens.spacingVerticalL,
    padding: tokens.spacingHorizontalXL,
    backgroundColor: tokens.colorNeutralBackground1,
    borderRadius: tokens.borderRadiusXLarge,
    boxShadow: tokens.shadow4,
  },
  head: { display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalXS },
});

interface PageFrameProps {
  title: string;
  purpose: ReactNode;
  // Whether the content brings its own surfaces.
  bare?: boolean;
  children: ReactNode;
}

// False until the first page has been shown: opening the frame must not take the focus from the host.
let hasNavigated = false;

export function PageFrame({ title, purpose, bare = false, children }: PageFrameProps) {
  const styles = useStyles();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} - Selvedge`;
    if (hasNavigated) heading.current?.focus();
    hasNavigated = true;
  }, [title]);
  return (
    <main className={styles.page}>
      <header className={styles.head}>
        <h1 ref={heading} tabIndex={-1} className={styles.heading}>
          {title}
        </h1>
        <Text className={styles.purpose}>{purpose}</Text>
      </header>
      {bare ? children : <div className={styles.surface}>{children}</div>}
    </main>
  );
}
