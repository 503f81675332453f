// What a token says, read for the eye alone: nothing is verified here, and nothing depends on it.

export interface Claim {
  name: string;
  value: string;
  // What the value means, where it is a moment.
  meaning?: string;
}

const MOMENTS = new Set(['exp', 'iat', 'nbf', 'auth_time', 'xms_st']);

// The claims of a JSON Web Token, in its own order; undefined: it is none.
export function claimsOf(token: string): Claim[] | undefined {
  const segments = token.split('.');
  const payload = segments[1];
  if (segments.length !== 3 || payload === undefined) return undefined;
  try {
    const claims: unknown = JSON.parse(textOf(payload));
    if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) return undefined;
    return Object.entries(claims).map(([name, value]) => claim(name, value));
  } catch {
    return undefined;
  }
}

function claim(name: string, value: unknown): Claim {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  if (!MOMENTS.has(name) || typeof value !== 'number') return { name, value: text };
  const moment = new Date(value * 1000);
  return Number.isNaN(moment.getTime()) ? { name, value: text } : { name, value: text, meaning: moment.toISOString() };
}

// The text in a segment of base64url (RFC 7515 section 2).
function textOf(segment: string): string {
  const binary = atob(segment.replaceAll('-', '+').replaceAll('_', '/'));
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
}
