// Tokens for workloads. Silently where that can be; in a window where a challenge asks for one, or
// where MSAL says that a person is needed.

import {
  InteractionRequiredAuthError,
  type AccountInfo,
  type AuthenticationResult,
} from '@azure/msal-browser';
import type { Workload } from '../config.ts';
import type { Fields } from '../protocol/envelope.ts';
import { TokenError, noToken } from '../protocol/rejection.ts';
import { consentIn, consentUrl } from './consent.ts';
import { failure } from './failure.ts';
import type { Session } from './session.ts';
import { Windows, type AskForClick } from './windows.ts';

/** What a workload's back end demands of the person. */
export interface Challenge {
  readonly additionalScopesToConsent: readonly string[];
  /** The authority's own JSON, passed on as it is. */
  readonly claimsForConditionalAccessPolicy: string | undefined;
  readonly promptFullConsent: boolean;
}

/** Reads a challenge; absent and null are the same. */
export function challengeOf(fields: Fields): Challenge {
  const scopes = fields['additionalScopesToConsent'];
  const claims = fields['claimsForConditionalAccessPolicy'];
  return {
    additionalScopesToConsent: Array.isArray(scopes) ? scopes.map(String) : [],
    claimsForConditionalAccessPolicy: typeof claims === 'string' && claims ? claims : undefined,
    promptFullConsent: fields['promptFullConsent'] === true,
  };
}

/** The scopes to ask a person for; `.default` alone stands for all that is registered. */
export function consentOf(challenge: Challenge, audience: string) {
  const { additionalScopesToConsent: scopes, promptFullConsent } = challenge;
  const again = promptFullConsent || scopes.includes('.default');
  return again ? { scopes: [`${audience}/.default`], again } : { scopes, again };
}

export class Tokens {
  readonly #session: Session;
  readonly #askForClick: (workload: Workload) => Promise<boolean>;
  readonly #windows = new Windows();
  /** Calls under way by workload and challenge: a page's refusals come in crowds. */
  readonly #underWay = new Map<string, Promise<Fields>>();

  constructor(session: Session, askForClick: (workload: Workload) => Promise<boolean>) {
    this.#session = session;
    this.#askForClick = askForClick;
  }

  /** A token of a workload's back end. */
  acquire(workload: Workload, challenge: Challenge): Promise<Fields> {
    const key = JSON.stringify([workload.name, challenge]);
    return this.#once(key, () => this.#answer(workload, challenge));
  }

  /** A token for the front end's own use of another resource. */
  acquireFor(workload: Workload, scopes: readonly string[]): Promise<Fields> {
    const key = JSON.stringify([workload.name, scopes]);
    return this.#once(key, async () => fieldsOf(await this.#token(workload, [...scopes])));
  }

  async #answer(workload: Workload, challenge: Challenge): Promise<Fields> {
    const { scopes, again } = consentOf(challenge, workload.audience);
    if (scopes.length > 0) await this.#consent(workload, scopes, again);
    const asked = [`${workload.audience}/.default`];
    const claims = challenge.claimsForConditionalAccessPolicy;
    return fieldsOf(await this.#token(workload, asked, claims));
  }

  async #consent(workload: Workload, scopes: readonly string[], again: boolean): Promise<void> {
    const account = this.#account();
    const authority = this.#session.authorityOf(account);
    const state = crypto.randomUUID();
    const url = consentUrl({ account, authority, workload, scopes, again }, state);
    await this.#windows.inTurn(async () => {
      const popup = await this.#windows.open(url, this.#ask(workload));
      await consentIn(popup, workload, state);
    });
  }

  async #token(
    workload: Workload,
    scopes: string[],
    claims?: string,
  ): Promise<AuthenticationResult> {
    const account = this.#account();
    const { application } = this.#session;
    const request = { account, authority: this.#session.authorityOf(account), scopes };
    if (claims === undefined) {
      try {
        return await application.acquireTokenSilent(request);
      } catch (thrown) {
        if (!(thrown instanceof InteractionRequiredAuthError)) throw thrown;
      }
    }
    const interact = () =>
      application.acquireTokenPopup({ ...request, claims, overrideInteractionInProgress: true });
    return this.#windows.inTurn(() => this.#windows.interact(interact, this.#ask(workload)));
  }

  #ask(workload: Workload): AskForClick {
    return () => this.#askForClick(workload);
  }

  #account(): AccountInfo {
    const { account } = this.#session;
    if (!account) throw noToken(TokenError.UserInteractionFailed, 'nobody is signed in');
    return account;
  }

  #once(key: string, acquire: () => Promise<Fields>): Promise<Fields> {
    const underWay = this.#underWay.get(key);
    if (underWay) return underWay;
    const acquired = acquire()
      .catch((thrown: unknown): never => {
        throw failure(thrown);
      })
      .finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, acquired);
    return acquired;
  }
}

/** A result as the workload's client hands it on: plain values, because a `Date` would not arrive. */
function fieldsOf(result: AuthenticationResult): Fields {
  return {
    token: result.accessToken,
    authority: result.authority,
    scopes: result.scopes,
    correlationId: result.correlationId,
    tenantId: result.tenantId,
    expiry: result.expiresOn?.toISOString(),
    localAccountId: result.uniqueId,
  };
}
