// Refusals as the service makes them, and a token source that remembers what it was asked.

import type { MessageInitShape } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';

import { ErrorInfoSchema, RequestInfoSchema } from '../gen/google/rpc/error_details_pb.ts';
import { AuthChallengeSchema } from '../gen/selvedge/refusal/v1/auth_challenge_pb.ts';
import type { Challenge, TokenSource } from '../src/index.ts';

export const STORAGE = 'https://storage.azure.com/user_impersonation';

export const CLAIMS = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}';

export const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';

export function refused(
  code: Code,
  reason: string,
  challenge?: MessageInitShape<typeof AuthChallengeSchema>,
): ConnectError {
  return new ConnectError('refused', code, undefined, [
    {
      desc: ErrorInfoSchema,
      value: { reason, domain: 'selvedge', metadata: { method: 'foreign.v1.Echo/Say' } },
    },
    ...(challenge ? [{ desc: AuthChallengeSchema, value: challenge }] : []),
    { desc: RequestInfoSchema, value: { requestId: TRACE_ID } },
  ]);
}

export function consentRequired(): ConnectError {
  return refused(Code.PermissionDenied, 'CONSENT_REQUIRED', {
    additionalScopesToConsent: [STORAGE],
    retryable: true,
  });
}

export function stepUpRequired(): ConnectError {
  return refused(Code.Unauthenticated, 'CLAIMS_CHALLENGE_REQUIRED', {
    claimsForConditionalAccessPolicy: CLAIMS,
    retryable: true,
  });
}

export interface Asked extends TokenSource {
  readonly asked: Challenge[];
}

// Gives `token-1` and so on; `answer` may do something else with what is asked for by challenge.
export function source(answer?: (challenge: Challenge) => Promise<void> | void): Asked {
  const asked: Challenge[] = [];
  return {
    asked,
    async acquireAccessToken(challenge) {
      asked.push(challenge);
      const token = `token-${asked.length}`;
      if (Object.keys(challenge).length > 0) await answer?.(challenge);
      return { token };
    },
  };
}

// A promise and the way to settle it.
export function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { promise, resolve: () => resolve() };
}
