// Answers to challenges, one dialog each: however many calls meet the same challenge, the user sees
// it once.

import { NeedsClick } from './healing-failure.ts';
import type { Challenge } from './refusal.ts';

// Where tokens come from: in Fabric the SDK's `auth`, elsewhere anything that shows the same dialogs.
// It is asked for every call, and is the one to keep tokens until they expire.
export interface TokenSource {
  acquireAccessToken(challenge: Challenge): Promise<{ token: string }>;
}

// How many answers are remembered. A challenge has few forms; one that was forgotten is asked again.
const REMEMBERED = 16;

const OF_SOURCE = new WeakMap<TokenSource, Answers>();

export class Answers {
  readonly #source: TokenSource;
  readonly #pending = new Map<string, Promise<string>>();
  readonly #answered = new Map<string, number>();
  // Counts answers: what came before what, without a clock.
  #count = 0;

  private constructor(source: TokenSource) {
    this.#source = source;
  }

  // The answers of this source, shared by everybody who uses it.
  static of(source: TokenSource): Answers {
    let answers = OF_SOURCE.get(source);
    if (!answers) OF_SOURCE.set(source, (answers = new Answers(source)));
    return answers;
  }

  // How many challenges have been answered so far, to be handed to `answer`.
  get count(): number {
    return this.#count;
  }

  // A token for a call.
  token(): Promise<string> {
    return this.#acquire({});
  }

  // A token that answers `challenge`, which a call met that began when `count` was `since`: from the
  // dialog that is open for it, or from one that has closed meanwhile, else from a new one.
  async answer(
    challenge: Challenge,
    since: number,
    mayPrompt: (challenge: Challenge) => boolean,
  ): Promise<string> {
    const key = keyOf(challenge);
    const open = this.#pending.get(key);
    if (open) return open;
    if ((this.#answered.get(key) ?? 0) > since) return this.token();
    if (asksUser(challenge) && !mayPrompt(challenge)) throw new NeedsClick();
    const answer = this.#acquire(challenge).then((token) => {
      this.#remember(key);
      return token;
    });
    this.#pending.set(key, answer);
    try {
      return await answer;
    } finally {
      this.#pending.delete(key);
    }
  }

  async #acquire(challenge: Challenge): Promise<string> {
    const { token } = await this.#source.acquireAccessToken(challenge);
    if (typeof token !== 'string' || !B64TOKEN.test(token)) {
      throw new Error('what came is no token');
    }
    return token;
  }

  #remember(key: string): void {
    this.#count += 1;
    this.#answered.delete(key);
    this.#answered.set(key, this.#count);
    const [oldest] = this.#answered.keys();
    if (this.#answered.size > REMEMBERED && oldest !== undefined) this.#answered.delete(oldest);
  }
}

// RFC 6750 section 2.1.
const B64TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;

// Whether two challenges ask for the same.
export function same(one: Challenge, other: Challenge): boolean {
  return keyOf(one) === keyOf(other);
}

// Where nothing is set, a token is all that is asked for, and no dialog is needed.
export function asksUser(challenge: Challenge): boolean {
  return keyOf(challenge) !== keyOf({});
}

// The order of scopes means nothing.
function keyOf({
  additionalScopesToConsent = [],
  claimsForConditionalAccessPolicy = '',
  promptFullConsent = false,
}: Challenge): string {
  const scopes = [...additionalScopesToConsent].sort();
  return JSON.stringify([scopes, claimsForConditionalAccessPolicy, promptFullConsent]);
}
