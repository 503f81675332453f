// A component of the page, as far as the broker matters to it: it asks for its token, and would now
// call its API with it. The token is handed to the component and not shown; the emulator has no
// Microsoft Graph to call.

import { Button, Card, Spinner, makeStyles, tokens, typographyStyles } from '@fluentui/react-components';
import { useId, useRef } from 'react';
import type { Challenge } from 'selvedge-challenge';

import { RefusalView } from '../../refusal/RefusalView.tsx';
import type { TokenFor } from '../broker.ts';
import { TokenFacts } from './TokenFacts.tsx';
import { useToken } from './useToken.ts';

const useStyles = makeStyles({
  card: { padding: tokens.spacingHorizontalXL, rowGap: tokens.spacingVerticalM },
  heading: { ...typographyStyles.subtitle1, margin: 0, outlineStyle: 'none' },
  spinner: { justifyContent: 'flex-start' },
  purpose: { margin: 0, color: tokens.colorNeutralForeground2 },
  button: { alignSelf: 'start' },
});

const TEXTS: Record<string, { title: string; purpose: string }> = {
  'company-picker': {
    title: 'Company picker',
    purpose: 'Finds the user and their company in Microsoft Graph.',
  },
  'file-picker': { title: 'File picker', purpose: "Opens the user's files in Azure Storage." },
};

interface ComponentCardProps {
  name: string;
  scopes: readonly string[];
  tokenFor: TokenFor;
  consents: number;
  dialog: boolean;
}

export function ComponentCard({ name, scopes, tokenFor, consents, dialog }: ComponentCardProps) {
  const styles = useStyles();
  const headingId = useId();
  const heading = useRef<HTMLHeadingElement>(null);
  const { title, purpose } = TEXTS[name] ?? { title: name, purpose: '' };
  const { state, ask } = useToken(tokenFor, scopes, consents);
  const busy = state.kind === 'asking';
  // The button that was pressed goes with the refusal that it is part of: the focus stays near.
  const again = (answer?: Challenge) => {
    heading.current?.focus();
    void ask(answer);
  };
  return (
    <Card role="region" aria-labelledby={headingId} className={styles.card} data-component={name}>
      <h2 id={headingId} ref={heading} tabIndex={-1} className={styles.heading}>
        {title}
      </h2>
      {purpose && <p className={styles.purpose}>{purpose}</p>}
      <div role="status">
        {busy && <Spinner size="tiny" className={styles.spinner} label="Asking for a token" />}
        {state.kind === 'granted' && <TokenFacts token={state.token} />}
      </div>
      {state.kind === 'refused' && (
        <RefusalView refusal={state.refusal} busy={dialog} again={again} show={again} />
      )}
      <Button className={styles.button} disabledFocusable={busy || dialog} onClick={() => void ask()}>
        Get a new token
      </Button>
    </Card>
  );
}
