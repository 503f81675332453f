// How one attempt of a call is made: it can be aborted, and where a click on a refusal's button makes
// it, it begins with the answer to the refusal's challenge.

import type { ContextValues } from '@connectrpc/connect';
import { answering, type Challenge } from 'selvedge-challenge';

// Serves as the options of a call of Connect, and of `heal`.
export interface Attempt {
  signal: AbortSignal;
  contextValues?: ContextValues;
  answer?: Challenge;
}

export function attemptOf(signal: AbortSignal, answer: Challenge | undefined): Attempt {
  return answer ? { signal, contextValues: answering(answer), answer } : { signal };
}
