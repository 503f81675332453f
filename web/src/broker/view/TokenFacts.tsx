// What may be told about a token: never the token.

import { Facts } from '../../Facts.tsx';
import type { DownstreamToken } from '../broker.ts';

export function TokenFacts({ token: { grantedScopes, expiresAt } }: { token: DownstreamToken }) {
  const until = expiresAt?.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  return (
    <Facts
      label="Token received"
      facts={[
        ['Granted', grantedScopes.join(' ')],
        ['Valid until', until ?? 'unknown'],
      ]}
    />
  );
}
