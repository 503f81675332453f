// The front end in a frame of its host: the host's theme, the service's address, the page.

import {
  FluentProvider,
  MessageBar,
  MessageBarActions,
  MessageBarBody,
  MessageBarTitle,
  Button,
  makeStaticStyles,
  makeStyles,
  tokens,
} from '@fluentui/react-components';
import type { WorkloadClientAPI } from '@ms-fabric/workload-client';
import { useEffect, useMemo, useState, type ReactNode } from 'react';
import { HostContext } from '../host/client.ts';
import { useHostTheme } from '../host/theme.ts';
import { Loading } from '../loading/Loading.tsx';
import { RouterContext, type Router } from '../routing/router.ts';
import { readConfiguration } from '../service/configuration.ts';
import { ServicesContext, connect } from '../service/services.ts';
import { Announcer } from '../../accessibility/announcer.tsx';
import { CurrentPage } from './CurrentPage.tsx';
import { Navigation } from './Navigation.tsx';

const useGlobalStyles = makeStaticStyles({ body: { margin: 0 } });

const useStyles = makeStyles({
  root: { minHeight: '100vh', backgroundColor: tokens.colorNeutralBackground2 },
  message: { padding: tokens.spacingHorizontalXXL },
});

export function App({ client, router }: { client: WorkloadClientAPI; router: Router }) {
  useGlobalStyles();
  const styles = useStyles();
  const { theme, isDark } = useHostTheme(client);
  useEffect(() => {
    // What the browser draws itself, such as scroll bars.
    document.documentElement.style.colorScheme = isDark ? 'dark' : 'light';
  }, [isDark]);
  return (
    <FluentProvider theme={theme} className={styles.root}>
      <HostContext value={client}>
        <RouterContext value={router}>
          <Announcer>
            <Connected client={client}>
              <Navigation />
              <CurrentPage />
            </Connected>
          </Announcer>
        </RouterContext>
      </HostContext>
    </FluentProvider>
  );
}

function Connected({ client, children }: { client: WorkloadClientAPI; children: ReactNode }) {
  const styles = useStyles();
  const [attempt, setAttempt] = useState(0);
  const [found, setFound] = useState<{ url?: string; problem?: string }>({});
  useEffect(() => {
    const reading = new AbortController();
    setFound({});
    readConfiguration(reading.signal).then(
      ({ service }) => setFound({ url: service }),
      (error: unknown) => {
        if (!reading.signal.aborted) setFound({ problem: error instanceof Error ? error.message : '' });
      },
    );
    return () => reading.abort();
  }, [attempt]);
  const services = useMemo(() => {
    const tokens = { acquireAccessToken: (challenge: object) => client.auth.acquireAccessToken(challenge) };
    return found.url === undefined ? undefined : connect(found.url, tokens);
  }, [client, found.url]);

  if (services) return <ServicesContext value={services}>{children}</ServicesContext>;
  if (found.problem === undefined) {
    return (
      <main className={styles.message}>
        <Loading label="Loading Selvedge" />
      </main>
    );
  }
  return (
    <main className={styles.message}>
      <MessageBar intent="error" layout="multiline">
        <MessageBarBody>
          <MessageBarTitle>This page cannot find its service</MessageBarTitle>
          Its configuration, /config.json, could not be read: {found.problem}.
        </MessageBarBody>
        <MessageBarActions>
          <Button size="small" onClick={() => setAttempt(attempt + 1)}>
            Try again
          </Button>
        </MessageBarActions>
      </MessageBar>
    </main>
  );
}
