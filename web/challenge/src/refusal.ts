// What a refused call tells, whichever way it came: as an error of Connect, as the JSON of the REST
// face, or as something that is no refusal at all. Reading is total: a page can hand over whatever it
// caught. What comes out is bounded, and fit to be shown.

import { Code, ConnectError } from '@connectrpc/connect';

import { codeName, codeOfHttp, type CodeName } from './codes.ts';
import { ofBinary, ofHeaders, ofJson, type Details } from './details.ts';
import { failureOf, type Healing } from './healing-failure.ts';
import { shown } from './shown.ts';

// The parameters of the Fabric SDK's `acquireAccessToken`: only those that the refusal sets are there.
export interface Challenge {
  additionalScopesToConsent?: string[];
  claimsForConditionalAccessPolicy?: string;
  promptFullConsent?: boolean;
}

export interface Link {
  description: string;
  // Always https.
  url: string;
}

export interface Refusal {
  // The gRPC code's name, for example `PERMISSION_DENIED`.
  code: CodeName;
  // Why, from the service's closed set, for example `CONSENT_REQUIRED`; empty where nobody says.
  reason: string;
  // For developers and support; `explain` has the words for a user.
  message: string;
  metadata: Record<string, string>;
  // What to hand to `acquireAccessToken`; `{}` means that a fresh token is all that is needed.
  challenge?: Challenge;
  // Whether the same call can succeed once the challenge is answered.
  retryable: boolean;
  retryAfterMs?: number;
  // What leads an operator to the cause.
  traceId?: string;
  links: Link[];
  // Why the challenge was not answered, where somebody tried, or nobody may without a click.
  healing?: Healing;
}

// A refusal as an error: what the attempt of `heal` throws.
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

// The refusal in anything that was thrown.
export function refusalOf(error: unknown): Refusal {
  const { original, healing } = failureOf(error);
  const refusal = read(original);
  return healing ? { ...refusal, healing } : refusal;
}

function read(error: unknown): Refusal {
  if (error instanceof RefusedError) return error.refusal;
  if (!(error instanceof ConnectError)) return refusal(...foreign(error), {});
  // What an interceptor throws, Connect wraps.
  if (error.cause instanceof RefusedError) return error.cause.refusal;
  if (isBroken(error)) return refusal('UNAVAILABLE', error.rawMessage, {});
  const details = error.details.flatMap((detail) => ('type' in detail ? [detail] : []));
  const told = { ...ofHeaders(error.metadata), ...ofBinary(details) };
  return refusal(codeName(error.code), error.rawMessage, told);
}

// Connect has no code for a connection that fails or breaks off: it wraps what `fetch` throws, or
// misses the trailer.
function isBroken(error: ConnectError): boolean {
  if (error.code !== Code.Unknown) return false;
  return error.cause instanceof TypeError || BROKEN_OFF.test(error.rawMessage);
}

const BROKEN_OFF = /^missing (trailer|response body|message)$/;

// An error that is no refusal: of `fetch`, of an aborted call, of anybody.
function foreign(error: unknown): [CodeName, string] {
  try {
    const name = member(error, 'name');
    const told = member(error, 'message') ?? error;
    const message = typeof told === 'string' ? told : '';
    return [(typeof name === 'string' && CODE_OF_ERROR.get(name)) || 'UNKNOWN', message];
  } catch {
    // A getter of a stranger's object.
    return ['UNKNOWN', ''];
  }
}

// `fetch` reports a service that cannot be reached, and one that does not know the page's origin, as
// a TypeError.
const CODE_OF_ERROR = new Map<string, CodeName>([
  ['AbortError', 'CANCELLED'],
  ['TimeoutError', 'DEADLINE_EXCEEDED'],
  ['TypeError', 'UNAVAILABLE'],
]);

// The refusal in a reply of the REST face: `google.rpc.Status` within a member `error` (AIP-193).
// A status of 0 is a request that never got a reply.
export function refusalOfResponse(status: number, body: unknown, headers?: Headers): Refusal {
  const error = member(parsed(body), 'error');
  const told = member(error, 'status');
  const code = typeof told === 'string' ? told : '';
  const message = member(error, 'message');
  const details = member(error, 'details');
  return refusal(codeOfHttp(status, code), typeof message === 'string' ? message : '', {
    ...(headers ? ofHeaders(headers) : {}),
    ...ofJson(Array.isArray(details) ? details : []),
  });
}

function refusal(code: CodeName, message: string, details: Details): Refusal {
  const { reason = '', metadata = {}, retryable = false, links = [], ...rest } = details;
  const traceId = rest.traceId ?? metadata.traceId;
  const refusal: Refusal = {
    ...rest,
    code,
    reason,
    message: shown(message, 500),
    metadata,
    retryable,
    links,
    ...(traceId ? { traceId } : {}),
  };
  if (refusal.challenge) POSED.set(refusal.challenge, refusal);
  return refusal;
}

// Which refusal posed a challenge: where a click answers it later and the dialog is declined, the
// user still wants to know what for.
const POSED = new WeakMap<Challenge, Refusal>();

export function refusalThatPosed(challenge: Challenge): Refusal {
  const posed = POSED.get(challenge);
  if (posed) return posed;
  const code = challenge.claimsForConditionalAccessPolicy ? 'UNAUTHENTICATED' : 'PERMISSION_DENIED';
  return { code, reason: '', message: '', metadata: {}, challenge, retryable: true, links: [] };
}

function parsed(body: unknown): unknown {
  if (typeof body !== 'string') return body;
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function member(of: unknown, name: string): unknown {
  return typeof of === 'object' && of !== null ? (of as Record<string, unknown>)[name] : undefined;
}
