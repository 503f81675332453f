// Consent under a workload's own name: a window at the authority, which sends it on to the
// workload's close page in the end. That page tells how it went; the code it got is nobody's.

import type { AccountInfo } from '@azure/msal-browser';
import type { Workload } from '../config.ts';
import type { Fields } from '../protocol/envelope.ts';
import { TokenError, noToken } from '../protocol/rejection.ts';
import { untilClosed } from './application.ts';
import { tokenErrorOf } from './failure.ts';

export interface ConsentRequest {
  /** The tenant's authority. */
  readonly authority: string;
  readonly workload: Workload;
  readonly account: AccountInfo;
  readonly scopes: readonly string[];
  /** Whether to ask for what was granted before, too. */
  readonly again: boolean;
}

/** Where to ask for consent. */
export function consentUrl(request: ConsentRequest, state: string): string {
  const { account, authority, workload } = request;
  const query = new URLSearchParams({
    client_id: workload.clientId,
    response_type: 'code',
    response_mode: 'fragment',
    redirect_uri: workload.redirectUri,
    scope: request.scopes.join(' '),
    state,
    login_hint: account.loginHint ?? account.username,
    // The challenge of a verifier that nobody knows: the code can never be redeemed.
    code_challenge: unknowable(),
    code_challenge_method: 'S256',
  });
  if (request.again) query.set('prompt', 'consent');
  return `${authority}/oauth2/v2.0/authorize?${query}`;
}

/** Waits for the close page in `popup`; rejects when the person declined or closed the window. */
export async function consentIn(popup: Window, workload: Workload, state: string): Promise<void> {
  const listening = new AbortController();
  const told = new Promise<Fields>((resolve) => {
    const listen = (event: MessageEvent) => {
      const message = closeMessage(event, popup, new URL(workload.redirectUri).origin);
      if (message && (message['state'] ?? state) === state) resolve(message);
    };
    addEventListener('message', listen, { signal: listening.signal });
  });
  const outcome = await Promise.race([told, untilClosed(popup)]);
  listening.abort();
  if (!outcome) {
    throw noToken(TokenError.UserInteractionFailed, 'the window was closed', 'user_cancelled');
  }
  popup.close();
  if (outcome['outcome'] === 'completed') return;
  const { description, error, errorCode } = outcome;
  const code = typeof errorCode === 'string' ? errorCode : undefined;
  throw noToken(tokenErrorOf(code), String(description ?? error ?? 'consent was refused'), code);
}

function closeMessage(event: MessageEvent, popup: Window, origin: string): Fields | undefined {
  if (event.source !== popup || event.origin !== origin) return undefined;
  const message = event.data as Fields | null;
  return message?.['type'] === 'selvedge.close' ? message : undefined;
}

function unknowable(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  const base64 = btoa(String.fromCharCode(...bytes));
  return base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
