// Signing in, and the menu of whoever has: their directory, another account, signing out.

import { AuthError } from '@azure/msal-browser';
import type { Config } from '../config.ts';
import type { Session } from '../authentication/session.ts';
import { button, element, served } from './element.ts';

export class AccountMenu {
  readonly #session: Session;
  readonly #config: Config;
  readonly #failed: (text: string) => void;

  constructor(session: Session, config: Config, failed: (text: string) => void) {
    this.#session = session;
    this.#config = config;
    this.#failed = failed;
    const directory = served<HTMLSelectElement>('directory');
    for (const { domain, name } of config.tenants) {
      directory.append(element('option', { value: domain }, `${name} (${domain})`));
    }
    served('sign-in').addEventListener('click', () => {
      const chosen = config.tenants.find((tenant) => tenant.domain === directory.value);
      this.#run(() => session.signIn(chosen));
    });
  }

  /** Shows who is signed in. */
  render(): void {
    const { account, tenant } = this.#session;
    const opener = served<HTMLButtonElement>('account');
    opener.hidden = !account;
    served('tenant').textContent = tenant ? tenant.name : '';
    if (!account) return;
    const name = account.name ?? account.username;
    opener.textContent = name;
    opener.setAttribute('aria-label', `Account: ${name}`);
    const others = this.#config.tenants.filter((other) => other.id !== tenant?.id);
    served('account-menu').replaceChildren(
      element('strong', {}, name),
      element('span', {}, account.username),
      ...others.map((other) =>
        this.#item(`Switch to ${other.name}`, () => this.#session.switchTenant(other), {
          'data-tenant': other.domain,
        }),
      ),
      this.#item('Use another account', () => this.#session.signIn(), { id: 'switch-account' }),
      this.#item('Sign out', () => this.#session.signOut(), { id: 'sign-out' }),
    );
  }

  #item(label: string, act: () => Promise<void>, attributes: Record<string, string>): HTMLElement {
    const run = () => {
      served('account-menu').hidePopover();
      this.#run(act);
    };
    return button(label, run, { class: 'plain', ...attributes });
  }

  #run(act: () => Promise<void>): void {
    this.#failed('');
    act().catch((thrown: unknown) => this.#failed(explain(thrown)));
  }
}

function explain(thrown: unknown): string {
  if (!(thrown instanceof AuthError)) return 'Signing in did not work.';
  if (thrown.errorCode === 'user_cancelled') return 'The sign-in window was closed.';
  if (thrown.errorCode === 'popup_window_error') return 'The browser blocked the sign-in window.';
  return thrown.errorMessage || thrown.errorCode;
}
