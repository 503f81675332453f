// What may be told about a token: never the token.

import { makeStyles, tokens } from '@fluentui/react-components';

import type { DownstreamToken } from '../broker.ts';

const useStyles = makeStyles({
  facts: {
    display: 'grid',
    gridTemplateColumns: 'max-content 1fr',
    columnGap: tokens.spacingHorizontalL,
    rowGap: tokens.spacingVerticalXS,
    margin: 0,
  },
  name: { color: tokens.colorNeutralForeground2 },
  value: { margin: 0, wordBreak: 'break-word' },
});

export function TokenFacts({ token }: { token: DownstreamToken }) {
  const styles = useStyles();
  const { grantedScopes, expiresAt } = token;
  return (
    <dl aria-label="Token received" className={styles.facts}>
      <dt className={styles.name}>Granted</dt>
      <dd className={styles.value}>{grantedScopes.join(' ')}</dd>
      <dt className={styles.name}>Valid until</dt>
      <dd className={styles.value}>
        {expiresAt?.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' }) ?? 'unknown'}
      </dd>
    </dl>
  );
}
