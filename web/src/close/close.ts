// What the closing page does. The rule that this file keeps: the window closes, whatever happens
// before. It depends on nothing, so that nothing delays it.

// What the opener is told. The authorization code is not part of it: nobody redeems it.
export interface Outcome {
  type: 'selvedge.close';
  outcome: 'completed' | 'refused';
  // OAuth's error, for example `access_denied` (RFC 6749 section 4.1.2.1).
  error?: string;
  // Entra's own number, for example `AADSTS65004`: the user declined; `AADSTS650052`: the
  // organization lacks a service that the workload needs.
  errorCode?: string;
  description?: string;
  // By which the opener knows the dialog.
  state?: string;
}

// The part of a window that closing needs.
export interface Closing {
  location: { hash: string; search: string };
  opener: { postMessage(message: Outcome, targetOrigin: string): void } | null;
  close(): void;
}

export function close(window: Closing): void {
  try {
    const outcome = outcomeOf(window.location);
    // The opener may be of any origin: Fabric's, or an emulator's. It learns no more than it sent the
    // user here for.
    window.opener?.postMessage(outcome, '*');
  } catch {
    // An opener that cannot be told does not keep the window open.
  } finally {
    window.close();
  }
}

// Entra answers in the fragment or in the query, as the request's `response_mode` has it.
export function outcomeOf({ hash, search }: Closing['location']): Outcome {
  const fragment = new URLSearchParams(hash.replace(/^#/, ''));
  const query = new URLSearchParams(search);
  const told = (name: string, limit: number) =>
    (fragment.get(name) ?? query.get(name) ?? '').replace(/\p{Cc}+/gu, ' ').slice(0, limit);

  const error = told('error', 64);
  const description = told('error_description', 1024);
  const errorCode = /AADSTS\d{1,9}/.exec(`${description} ${told('error_subcode', 64)}`)?.[0];
  const state = told('state', 2048);
  return {
    type: 'selvedge.close',
    outcome: error || errorCode ? 'refused' : 'completed',
    ...(error ? { error } : {}),
    ...(errorCode ? { errorCode } : {}),
    ...(description ? { description } : {}),
    ...(state ? { state } : {}),
  };
}
