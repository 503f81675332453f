// What a person sees who opens the front end by itself: it has no host, and so no token.

import { FluentProvider, Text, Title2, makeStaticStyles, makeStyles, tokens } from '@fluentui/react-components';
import { preferredTheme } from '../host/theme.ts';

const useGlobalStyles = makeStaticStyles({ body: { margin: 0 } });

const useStyles = makeStyles({
  root: { minHeight: '100vh' },
  page: {
    display: 'flex',
    flexDirection: 'column',
    rowGap: tokens.spacingVerticalL,
    maxWidth: '65ch',
    padding: `${tokens.spacingVerticalXXXL} ${tokens.spacingHorizontalXXXL}`,
  },
  heading: { margin: 0 },
});

export function StandAlone() {
  useGlobalStyles();
  const styles = useStyles();
  const { theme } = preferredTheme();
  return (
    <FluentProvider theme={theme} className={styles.root}>
      <main className={styles.page}>
        <Title2 as="h1" className={styles.heading}>
          Selvedge opens in Fabric
        </Title2>
        <Text>
          This is the front end of a Microsoft Fabric workload. Fabric loads it into a frame and gives it the token
          of the user who is signed in there. Opened by itself it has neither.
        </Text>
        <Text>
          Open Fabric and choose the workload there. On a developer&apos;s machine, <code>selvedge dev</code> prints
          the address of a portal that stands in for Fabric: open that one.
        </Text>
      </main>
    </FluentProvider>
  );
}
