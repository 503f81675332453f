// Why a challenge was not answered, kept beside the refusal that posed it: the page shows both.

import { shown } from './shown.ts';

// What kept a refusal from being healed.
export type HealingOutcome =
  // Only a click may open the dialog, and there was none: offer a button.
  | 'needs-click'
  // The user did not complete the dialog: declined it, closed it, or the browser blocked it.
  | 'not-completed'
  // The host cannot show such a dialog.
  | 'unsupported'
  // The workload's registration does not fit the host: its redirect address or its audience.
  | 'misconfigured'
  // The scopes asked for are not acceptable.
  | 'scopes-invalid'
  | 'failed'
  // The challenge was answered and the service still refuses.
  | 'not-enough';

export interface Healing {
  outcome: HealingOutcome;
  // What the token source says about it, for support.
  message: string;
}

interface Failure {
  original: unknown;
  healing?: Healing;
}

const FAILURES = new WeakMap<object, Failure>();

// Remembers why `error` was not healed. Errors of Connect are passed on as they are, so that a page
// can still treat them as such.
export function remember(error: unknown, healing: Healing): void {
  if (typeof error === 'object' && error !== null) FAILURES.set(error, { original: error, healing });
}

export function failureOf(error: unknown): Failure {
  const known = typeof error === 'object' && error !== null ? FAILURES.get(error) : undefined;
  return known ?? { original: error };
}

// The Fabric SDK rejects with a plain object `{error: n}`, n a `WorkloadAuthError`.
const SDK: Record<number, HealingOutcome> = {
  0: 'unsupported',
  1: 'not-completed',
  2: 'misconfigured',
  3: 'failed',
  4: 'scopes-invalid',
};

// What MSAL calls a dialog that the user or the browser ended.
const MSAL: Record<string, HealingOutcome> = {
  user_cancelled: 'not-completed',
  access_denied: 'not-completed',
  popup_window_error: 'not-completed',
  empty_window_error: 'not-completed',
  timed_out: 'not-completed',
  interaction_in_progress: 'not-completed',
  invalid_scope: 'scopes-invalid',
};

// What a token source's rejection means: of the SDK, of MSAL, or of anything else.
export function healingOf(rejection: unknown): Healing {
  if (rejection instanceof NeedsClick) return { outcome: 'needs-click', message: '' };
  const { error, errorCode, message } = fields(rejection);
  if (typeof error === 'number') {
    return { outcome: SDK[error] ?? 'failed', message: `WorkloadAuthError ${error}` };
  }
  const outcome = typeof errorCode === 'string' ? MSAL[errorCode] : undefined;
  const told = typeof message === 'string' ? message : typeof errorCode === 'string' ? errorCode : '';
  return { outcome: outcome ?? 'failed', message: shown(told, 300) };
}

// Thrown in place of opening a dialog that the browser would block.
export class NeedsClick extends Error {}

function fields(rejection: unknown): Record<string, unknown> {
  try {
    return typeof rejection === 'object' && rejection !== null
      ? {
          error: (rejection as Record<string, unknown>).error,
          errorCode: (rejection as Record<string, unknown>).errorCode,
          message: (rejection as Record<string, unknown>).message,
        }
      : { message: rejection };
  } catch {
    // A getter of a stranger's object.
    return {};
  }
}
