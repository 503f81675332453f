// Who is signed in, and in which tenant. Signing in opens a window, so it happens on a click and
// never by itself.

import type { AccountInfo } from '@azure/msal-browser';
import type { Config, Tenant } from '../config.ts';
import type { Application } from './application.ts';

export class Session {
  readonly #application: Application;
  readonly #config: Config;
  readonly #changed: () => void;

  constructor(application: Application, config: Config, changed: () => void) {
    this.#application = application;
    this.#config = config;
    this.#changed = changed;
  }

  get account(): AccountInfo | null {
    return this.#application.getActiveAccount();
  }

  /** The tenant the person works in, which need not be their home. */
  get tenant(): Tenant | undefined {
    return this.#config.tenants.find((tenant) => tenant.id === this.account?.tenantId);
  }

  get application(): Application {
    return this.#application;
  }

  /** The authority that issues the tokens of the account. */
  authorityOf(account: AccountInfo): string {
    return `${this.#config.authority}/${account.tenantId}`;
  }

  /** Lets a person choose an account: of a tenant, or of whichever is its home. */
  async signIn(tenant?: Tenant): Promise<void> {
    await this.#interact({ tenant, prompt: 'select_account' });
  }

  /** Goes on in another tenant as the same person. */
  async switchTenant(tenant: Tenant): Promise<void> {
    const { account } = this;
    await this.#interact({ tenant, loginHint: account?.loginHint ?? account?.username });
  }

  /** Forgets the account here and ends the session at the authority. */
  async signOut(): Promise<void> {
    const { account } = this;
    if (!account) return;
    const authority = this.authorityOf(account);
    try {
      await this.#application.logoutPopup({ account, authority });
    } finally {
      this.#application.setActiveAccount(null);
      this.#changed();
    }
  }

  async #interact(how: { tenant?: Tenant; prompt?: string; loginHint?: string }): Promise<void> {
    const { tenant, ...request } = how;
    const result = await this.#application.loginPopup({
      scopes: ['openid', 'profile'],
      authority: `${this.#config.authority}/${tenant?.id ?? 'organizations'}`,
      // A window that was left behind must not keep anybody from signing in.
      overrideInteractionInProgress: true,
      ...request,
    });
    this.#application.setActiveAccount(result.account);
    this.#changed();
  }
}
