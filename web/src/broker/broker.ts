// The token broker: signs the user in once, and gets each component of the page its own tokens.
//
// A token for a component comes in two steps. The broker asks Entra for a token for the component's
// registration, silently; then the service exchanges it, as that registration, for a token of the API
// that the component calls. So a component can do what its own registration has consent for, and no
// more. Consent is one dialog for all of them: every component's registration names the broker's as a
// known client.
//
// The boundary: the tokens for the components' registrations, which could be exchanged for anything on
// their lists, stay in here, in memory. A component is handed a function that is bound to its name and
// gives downstream tokens. That function is not put on `window`, where any script could ask in any
// component's name; but scripts of one page share one realm, so that a component whose code is not
// trusted belongs in a frame of its own, with the function behind a message port.

import type { AccountInfo, IPublicClientApplication } from '@azure/msal-browser';
import type { Challenge, TokenSource } from 'selvedge-challenge';

import type { Clicks } from './clicks.ts';
import type { Component } from './configuration.ts';
import { Dialogs, type DialogMsal } from './dialogs.ts';

export type Msal = DialogMsal &
  Pick<IPublicClientApplication, 'acquireTokenSilent' | 'logoutPopup'>;

// A token for a component, and what may be told about it.
export interface DownstreamToken {
  token: string;
  grantedScopes: string[];
  expiresAt: Date | undefined;
}

// What a component gets of the broker.
export type TokenFor = (
  scopes: readonly string[],
  // The challenge of an earlier refusal, from a click of the user to answer it.
  answer?: Challenge,
) => Promise<DownstreamToken>;

// Exchanges tokens of a source, and heals what is refused.
export type Exchange = (
  source: TokenSource,
  mayPrompt: (challenge: Challenge) => boolean,
) => TokenFor;

// What the page shows of the broker. A new object for each change.
export interface Snapshot {
  account: AccountInfo | undefined;
  // Whether a window of Entra's is open.
  dialog: boolean;
  // How often consent has been given: what lacked it may be tried again.
  consents: number;
}

const SIGN_IN = 'sign-in';
const CONSENT = 'consent';

export class Broker {
  readonly #msal: Msal;
  readonly #dialogs: Dialogs;
  readonly #components: Record<string, Component>;
  readonly #tokenFor: Map<string, TokenFor>;
  readonly #clicks: Clicks;
  readonly #listeners = new Set<() => void>();
  // The components whose consent was given in a dialog that another component had opened.
  #covered = new Set<string>();
  #snapshot: Snapshot = { account: undefined, dialog: false, consents: 0 };

  constructor(
    msal: Msal,
    components: Record<string, Component>,
    exchange: Exchange,
    clicks: Clicks,
  ) {
    this.#msal = msal;
    this.#dialogs = new Dialogs(msal, () => this.#dialogChanged());
    this.#components = components;
    this.#clicks = clicks;
    this.#tokenFor = new Map(
      Object.entries(components).map(([name, component]) => [
        name,
        exchange(this.#source(name, component), (challenge) => this.#mayPrompt(challenge)),
      ]),
    );
  }

  // The function to hand to this component, and to nobody else.
  tokenFor(name: string): TokenFor {
    const tokenFor = this.#tokenFor.get(name);
    if (!tokenFor) throw new Error('the broker serves no such component');
    return tokenFor;
  }

  // To be called from a click.
  async signIn(): Promise<void> {
    const { account } = await this.#dialogs.show(SIGN_IN, {
      scopes: ['openid', 'profile'],
      prompt: 'select_account',
    });
    this.#update({ account });
  }

  // To be called from a click. Ends the session at Entra, too: this page may be on anybody's machine.
  async signOut(): Promise<void> {
    const { account } = this.#snapshot;
    this.#covered.clear();
    this.#update({ account: undefined });
    await this.#msal.logoutPopup({ account });
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): Snapshot => this.#snapshot;

  #source(name: string, { audience }: Component): TokenSource {
    const scopes = [`${audience}/token.exchange`];
    return {
      acquireAccessToken: async (challenge) => {
        const account = this.#account();
        if (asksConsent(challenge)) {
          await this.#consent(name, audience, account);
        } else if (challenge.claimsForConditionalAccessPolicy) {
          const claims = challenge.claimsForConditionalAccessPolicy;
          const shown = await this.#dialogs.show(claims, { scopes, account, claims });
          return { token: shown.accessToken };
        }
        const { accessToken } = await this.#msal.acquireTokenSilent({ scopes, account });
        return { token: accessToken };
      },
    };
  }

  // One dialog lists what all components lack, because their registrations name the broker's as a
  // known client. Whoever waits for it, or asks later, is covered by it.
  async #consent(name: string, audience: string, account: AccountInfo): Promise<void> {
    if (this.#covered.delete(name)) return;
    const first = this.#dialogs.purpose !== CONSENT;
    await this.#dialogs.show(CONSENT, {
      scopes: [`${audience}/.default`],
      prompt: 'consent',
      account,
    });
    if (first) {
      this.#covered = new Set(Object.keys(this.#components));
      this.#update({ consents: this.#snapshot.consents + 1 });
    }
    this.#covered.delete(name);
  }

  // A window opens only from a click; one that is open for the same serves whoever else needs it.
  #mayPrompt(challenge: Challenge): boolean {
    const { purpose } = this.#dialogs;
    if (purpose === undefined) return this.#clicks.fresh;
    return asksConsent(challenge)
      ? purpose === CONSENT
      : purpose === challenge.claimsForConditionalAccessPolicy;
  }

  #account(): AccountInfo {
    const { account } = this.#snapshot;
    if (!account) throw new Error('nobody is signed in');
    return account;
  }

  #dialogChanged(): void {
    if (this.#dialogs.purpose !== undefined) this.#clicks.spend();
    this.#update({});
  }

  #update(changed: Partial<Snapshot>): void {
    const dialog = this.#dialogs.purpose !== undefined;
    this.#snapshot = { ...this.#snapshot, dialog, ...changed };
    for (const listener of this.#listeners) listener();
  }
}

function asksConsent(challenge: Challenge): boolean {
  return Boolean(challenge.additionalScopesToConsent?.length || challenge.promptFullConsent);
}
