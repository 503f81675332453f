// What is typed by hand, as the parameters of `acquireAccessToken`.

import type { Problem } from '../forms/validation.ts';

export function scopesOf(text: string): string[] {
  return text.split(/\s+/).filter((scope) => scope !== '');
}

export function scopesProblem(text: string): Problem {
  return scopesOf(text).length === 0 ? 'Enter at least one scope.' : undefined;
}

// A claims request (OpenID Connect Core section 5.5) is a JSON object.
export function claimsProblem(text: string): Problem {
  try {
    const claims: unknown = JSON.parse(text);
    if (typeof claims === 'object' && claims !== null && !Array.isArray(claims)) return undefined;
    return 'A claims request is a JSON object.';
  } catch {
    return 'This is not JSON.';
  }
}
