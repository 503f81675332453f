// Asks the host for a token with a challenge, and keeps what the token says, or why there is none.

import { useEffect, useRef, useState } from 'react';
import type { Challenge } from 'selvedge-challenge';
import { useServices } from '../service/services.ts';
import { useAnnounce } from '../../accessibility/announcer.tsx';
import { claimsOf, type Claim } from './claims.ts';
import { numberOf, sdkErrorOf, type SdkError } from './sdkError.ts';

export type TokenOutcome =
  // No claims: the token is not for this page's eyes.
  | { kind: 'token'; claims?: Claim[] }
  | { kind: 'rejected'; error: SdkError; number?: number };

export interface TokenControl {
  isBusy: boolean;
  outcome?: TokenOutcome;
  ask(challenge: Challenge): void;
}

export function useToken(): TokenControl {
  const { tokens } = useServices();
  const announce = useAnnounce();
  const [isBusy, setBusy] = useState(false);
  const [outcome, setOutcome] = useState<TokenOutcome>();
  const last = useRef(0);
  // An answer that comes when the page has been left counts for nothing.
  useEffect(() => () => void (last.current += 1), []);

  const ask = async (challenge: Challenge) => {
    const turn = (last.current += 1);
    setBusy(true);
    const answer = await tokens.acquireAccessToken(challenge).then(
      ({ token }): TokenOutcome => ({ kind: 'token', claims: claimsOf(token) }),
      (rejection: unknown): TokenOutcome => ({
        kind: 'rejected',
        error: sdkErrorOf(rejection),
        number: numberOf(rejection),
      }),
    );
    if (turn !== last.current) return;
    setBusy(false);
    setOutcome(answer);
    announce(answer.kind === 'token' ? 'The host gave a token.' : `The host gave no token. ${answer.error.text}`);
  };
  return { isBusy, outcome, ask: (challenge) => void ask(challenge) };
}
