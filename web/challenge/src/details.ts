// The details of a `google.rpc.Status`, read with the types generated from the contract. A detail
// that cannot be read, or that is not one of a refusal's, is passed over; of the rest no more is
// kept than a refusal can have.

import {
  fromBinary,
  fromJson,
  type DescMessage,
  type JsonValue,
  type Message,
} from '@bufbuild/protobuf';
import { decodeBinaryHeader } from '@connectrpc/connect';

import {
  ErrorInfoSchema,
  HelpSchema,
  RequestInfoSchema,
  RetryInfoSchema,
  type ErrorInfo,
  type Help,
  type RequestInfo,
  type RetryInfo,
} from '../gen/google/rpc/error_details_pb.ts';
import { StatusSchema } from '../gen/google/rpc/status_pb.ts';
import { AuthChallengeSchema, type AuthChallenge } from '../gen/selvedge/refusal/v1/auth_challenge_pb.ts';
import type { Challenge, Link, Refusal } from './refusal.ts';
import { shown } from './shown.ts';

export type Details = Partial<
  Pick<Refusal, 'reason' | 'metadata' | 'challenge' | 'retryable' | 'retryAfterMs' | 'traceId' | 'links'>
>;

// `google.rpc.ErrorInfo.domain` of the service's refusals. The reason of another domain is not known.
const DOMAIN = 'selvedge';

// What a refusal can have at most; more is not the service's.
const DETAILS = 16;
const ENTRIES = 32;
const LINKS = 4;
const SCOPES = 20;
const CLAIMS_BYTES = 8 * 1024;

type Known = ErrorInfo | AuthChallenge | RetryInfo | RequestInfo | Help;

const SCHEMAS: DescMessage[] = [
  ErrorInfoSchema,
  AuthChallengeSchema,
  RetryInfoSchema,
  RequestInfoSchema,
  HelpSchema,
];

// Details as gRPC carries them.
export function ofBinary(details: readonly { type: string; value: Uint8Array }[]): Details {
  return collect(details, ({ type, value }) => decoded(type, (schema) => fromBinary(schema, value)));
}

// Details in proto3 JSON, each with its type in `@type`.
export function ofJson(details: readonly unknown[]): Details {
  return collect(details, (detail) => {
    if (typeof detail !== 'object' || detail === null) return undefined;
    const { '@type': type, ...fields } = detail as Record<string, JsonValue>;
    if (typeof type !== 'string') return undefined;
    return decoded(type, (schema) => fromJson(schema, fields, { ignoreUnknownFields: true }));
  });
}

// What the headers or trailers of a reply tell, for a reply whose details did not get through.
export function ofHeaders(headers: Headers): Details {
  const told: Details = {};
  const traceId = headers.get('x-request-id');
  if (traceId) told.traceId = shown(traceId, 64);
  const reason = headers.get('selvedge-reason');
  if (reason && REASON.test(reason)) told.reason = reason;
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  if (seconds > 0 && Number.isFinite(seconds)) told.retryAfterMs = seconds * 1000;
  const status = headers.get('grpc-status-details-bin');
  if (!status) return told;
  try {
    const { details } = decodeBinaryHeader(status, StatusSchema);
    return { ...told, ...ofBinary(details.map(({ typeUrl, value }) => ({ type: typeUrl, value }))) };
  } catch {
    return told;
  }
}

const REASON = /^[A-Z][A-Z0-9_]{1,62}$/;

function decoded(type: string, decode: (schema: DescMessage) => Message): Known | undefined {
  const name = type.slice(type.lastIndexOf('/') + 1);
  const schema = SCHEMAS.find(({ typeName }) => typeName === name);
  try {
    return schema && (decode(schema) as Known);
  } catch {
    return undefined;
  }
}

function collect<T>(details: readonly T[], read: (detail: T) => Known | undefined): Details {
  const told: Details = {};
  for (const detail of details.slice(0, DETAILS)) {
    const message = read(detail);
    if (message) take(told, message);
  }
  return told;
}

function take(told: Details, message: Known): void {
  switch (message.$typeName) {
    case 'google.rpc.ErrorInfo':
      if (message.domain === DOMAIN && REASON.test(message.reason)) told.reason = message.reason;
      told.metadata = metadata(message);
      return;
    case 'selvedge.refusal.v1.AuthChallenge': {
      const challenge = challengeOf(message);
      if (!challenge) return;
      told.challenge = challenge;
      told.retryable = message.retryable;
      return;
    }
    case 'google.rpc.RetryInfo': {
      const { seconds, nanos } = message.retryDelay ?? { seconds: 0n, nanos: 0 };
      const delay = Number(seconds) * 1000 + Math.ceil(nanos / 1e6);
      if (delay >= 0) told.retryAfterMs = delay;
      return;
    }
    case 'google.rpc.RequestInfo':
      if (message.requestId) told.traceId = shown(message.requestId, 64);
      return;
    case 'google.rpc.Help':
      told.links = links(message);
      return;
  }
}

// Exactly the fields that are set. One that asks for more than the contract allows is none: cut short
// it would ask for something else.
function challengeOf(message: AuthChallenge): Challenge | undefined {
  const { additionalScopesToConsent, claimsForConditionalAccessPolicy, promptFullConsent } = message;
  if (additionalScopesToConsent.length > SCOPES) return undefined;
  if (claimsForConditionalAccessPolicy.length > CLAIMS_BYTES) return undefined;
  return {
    ...(additionalScopesToConsent.length > 0 ? { additionalScopesToConsent } : {}),
    ...(claimsForConditionalAccessPolicy ? { claimsForConditionalAccessPolicy } : {}),
    ...(promptFullConsent ? { promptFullConsent } : {}),
  };
}

function metadata(message: ErrorInfo): Record<string, string> {
  const entries = Object.entries(message.metadata).slice(0, ENTRIES);
  return Object.fromEntries(entries.map(([key, value]) => [shown(key, 64), shown(value, 256)]));
}

// Links that a page may offer: whoever writes them, a click on one never runs a script.
function links(message: Help): Link[] {
  return message.links
    .filter(({ url }) => URL.canParse(url) && new URL(url).protocol === 'https:' && url.length <= 2048)
    .slice(0, LINKS)
    .map(({ description, url }) => ({ description: shown(description, 120), url }));
}
