// The page: who is signed in, and the components once somebody is.

import { Button, Spinner, Text, makeStyles, tokens } from '@fluentui/react-components';
import { useState, useSyncExternalStore } from 'react';
import { refusalOfRejection, type Refusal } from 'selvedge-challenge';

import { RefusalView } from '../../refusal/RefusalView.tsx';
import type { Broker } from '../broker.ts';
import type { Component } from '../configuration.ts';
import { ComponentCard } from './ComponentCard.tsx';

const useStyles = makeStyles({
  session: { display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: tokens.spacingHorizontalM },
  components: {
    display: 'grid',
    gridTemplateColumns: 'repeat(auto-fit, minmax(min(100%, 360px), 1fr))',
    alignItems: 'start',
    gap: tokens.spacingHorizontalXL,
  },
});

interface BrokerPageProps {
  broker: Broker;
  components: Record<string, Component>;
}

export function BrokerPage({ broker, components }: BrokerPageProps) {
  const styles = useStyles();
  const { account, dialog, consents } = useSyncExternalStore(broker.subscribe, broker.snapshot);
  const [refusal, setRefusal] = useState<Refusal>();
  const signIn = () => {
    setRefusal(undefined);
    broker.signIn().catch((error: unknown) => setRefusal(refusalOfRejection(error)));
  };
  // Whoever leaves is signed out here, whether or not Entra's window could say so.
  const signOut = () => void broker.signOut().catch(() => undefined);
  return (
    <>
      <section aria-label="Session" className={styles.session}>
        {account ? (
          <>
            <Text>
              Signed in as <strong>{account.username}</strong>
            </Text>
            <Button disabledFocusable={dialog} onClick={signOut}>
              Sign out
            </Button>
          </>
        ) : (
          <Button appearance="primary" disabledFocusable={dialog} onClick={signIn}>
            Sign in
          </Button>
        )}
        <div role="status">
          {dialog && <Spinner size="tiny" label="Waiting for the window of Microsoft Entra" />}
        </div>
      </section>
      {refusal && <RefusalView refusal={refusal} busy={dialog} again={signIn} show={signIn} />}
      {account && (
        <div className={styles.components}>
          {Object.entries(components).map(([name, component]) => (
            <ComponentCard
              // Another user's tokens are not this one's.
              key={`${name} ${account.homeAccountId}`}
              name={name}
              scopes={component.scopes}
              tokenFor={broker.tokenFor(name)}
              consents={consents}
              dialog={dialog}
            />
          ))}
        </div>
      )}
    </>
  );
}
