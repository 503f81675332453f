// How one attempt of a call is made: it can be aborted, and where a click on a refusal's button makes
// it, it begins with the answer to the refusal's challenge.

import type { ContextValues } from '@connectrpc/connect';
import { answering, refusalOf, type Challenge, type Refusal } from 'selvedge-challenge';

// Serves as the options of a call of Connect, and of `heal`.
export interface Attempt {
  signal: AbortSignal;
  contextValues?: ContextValues;
  answer?: Challenge;
}

export function attemptOf(signal: AbortSignal, answer: Challenge | undefined): Attempt {
  return answer ? { signal, contextValues: answering(answer), answer } : { signal };
}

// The refusal in `error`. Where the dialog that was to answer `before` gave no token, that one still
// stands, and what became of the dialog belongs to it.
export function refusalAfter(before: Refusal | undefined, error: unknown): Refusal {
  const refusal = refusalOf(error);
  const isOfDialog = refusal.reason === '' && refusal.healing !== undefined;
  return before?.challenge && isOfDialog ? { ...before, healing: refusal.healing } : refusal;
}
