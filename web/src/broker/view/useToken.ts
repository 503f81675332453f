// A component's token: asked for once the component is there, without a window; and again when the
// user clicks, or has consented in a window that another component had opened.

import { useCallback, useEffect, useRef, useState } from 'react';
import { refusalOf, type Challenge, type Refusal } from 'selvedge-challenge';

import type { DownstreamToken, TokenFor } from '../broker.ts';

export type TokenState =
  | { kind: 'asking' }
  | { kind: 'granted'; token: DownstreamToken }
  | { kind: 'refused'; refusal: Refusal };

export function useToken(tokenFor: TokenFor, scopes: readonly string[], consents: number) {
  const [state, setState] = useState<TokenState>({ kind: 'asking' });
  // Answers are taken in the order of the questions: a late one is not shown over a newer.
  const latest = useRef(0);

  const ask = useCallback(
    async (answer?: Challenge) => {
      const question = ++latest.current;
      const settle = (settled: TokenState) => {
        if (question === latest.current) setState(settled);
      };
      setState({ kind: 'asking' });
      try {
        settle({ kind: 'granted', token: await tokenFor(scopes, answer) });
      } catch (error) {
        settle({ kind: 'refused', refusal: refusalOf(error) });
      }
    },
    [tokenFor, scopes],
  );

  useEffect(() => {
    void ask();
    return () => {
      latest.current += 1;
    };
  }, [ask]);

  const waiting = useRef<Challenge | undefined>(undefined);
  waiting.current = waitsForConsent(state) ? state.refusal.challenge : undefined;
  useEffect(() => {
    if (consents > 0 && waiting.current) void ask(waiting.current);
  }, [ask, consents]);

  return { state, ask };
}

function waitsForConsent(state: TokenState): state is TokenState & { kind: 'refused' } {
  if (state.kind !== 'refused' || state.refusal.healing?.outcome === 'not-enough') return false;
  const { challenge } = state.refusal;
  return Boolean(challenge?.additionalScopesToConsent || challenge?.promptFullConsent);
}
