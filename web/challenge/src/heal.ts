// One call, and where it is refused with a challenge that can be answered, one more. The rule that
// this file keeps: never a third.

import { Code, ConnectError } from '@connectrpc/connect';

import { Answers, same, type TokenSource } from './answers.ts';
import { healingOf, remember, type Healing } from './healing-failure.ts';
import { RefusedError, refusalOf, refusalThatPosed, type Challenge, type Refusal } from './refusal.ts';

export interface HealingOptions {
  // Whether the dialog for this challenge may open now; asked when a refusal is there. Browsers block
  // a window that no click asked for, so that the default is whether the page has the user's
  // transient activation.
  mayPrompt?: (challenge: Challenge) => boolean;
}

export interface HealOptions extends HealingOptions {
  signal?: AbortSignal;
  // The challenge that a click answers now: the dialog opens first, and the call is the retry.
  answer?: Challenge;
  // The call cannot be made twice, for example because its body is a stream: it gets a token, and
  // what it is refused with goes to the page.
  once?: boolean;
}

// The header of a call that follows an answered challenge. The service then passes over what it
// remembers of the refusal.
const RETRY = 'selvedge-retry';

// Makes a call of the REST face, for example an upload. `attempt` gets the headers to send
// (`authorization`, and `selvedge-retry` where it is the retry), and throws a `RefusedError` where the
// reply is a refusal.
export async function heal<T>(
  source: TokenSource,
  attempt: (headers: Record<string, string>) => Promise<T>,
  options: HealOptions = {},
): Promise<T> {
  const { signal, answer, once = false, mayPrompt = hasActivation } = options;
  signal?.throwIfAborted();
  const answers = Answers.of(source);
  const since = answers.count;

  let token;
  try {
    const acquired = answer ? answers.answer(answer, since, always) : answers.token();
    token = await unlessAborted(acquired, signal);
  } catch (rejection) {
    signal?.throwIfAborted();
    throw withoutToken(healingOf(rejection), answer);
  }

  let refused: unknown;
  try {
    return await attempt(headers(token, answer !== undefined));
  } catch (error) {
    refused = error;
  }
  const { challenge, retryable } = refusalOf(refused);
  if (!challenge || !retryable || once || signal?.aborted) throw refused;
  if (answer) throw stillRefused(refused, answer);

  try {
    token = await unlessAborted(answers.answer(challenge, since, mayPrompt), signal);
  } catch (rejection) {
    signal?.throwIfAborted();
    remember(refused, healingOf(rejection));
    throw refused;
  }

  try {
    return await attempt(headers(token, true));
  } catch (error) {
    throw stillRefused(error, challenge);
  }
}

function headers(token: string, retry: boolean): Record<string, string> {
  return { authorization: `Bearer ${token}`, ...(retry ? { [RETRY]: '1' } : {}) };
}

// The error of the retry. Where it asks for what has just been given, that is said; another challenge
// waits for a click.
function stillRefused(error: unknown, answered: Challenge): unknown {
  const { challenge, retryable } = refusalOf(error);
  if (!challenge || !retryable) return error;
  const outcome = same(challenge, answered) ? 'not-enough' : 'needs-click';
  remember(error, { outcome, message: '' });
  return error;
}

// A call that was never made, for want of a token, or of an answer to what an earlier call met.
function withoutToken(healing: Healing, answer: Challenge | undefined): Error {
  if (answer) return new RefusedError({ ...refusalThatPosed(answer), healing });
  const error = new ConnectError('no token could be acquired', Code.Unauthenticated);
  remember(error, healing);
  return error;
}

// The refusal of somebody who asks a token source without a call, for example to sign in.
export function refusalOfRejection(rejection: unknown): Refusal {
  return refusalOf(withoutToken(healingOf(rejection), undefined));
}

const always = () => true;

function hasActivation(): boolean {
  return globalThis.navigator?.userActivation?.isActive ?? false;
}

// Waits no longer than the caller does. The dialog stays: others may wait for it.
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
