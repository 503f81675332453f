// What a request is rejected with: plain objects, because an `Error` loses everything on its way to
// the frame.

import type { Fields } from './envelope.ts';

/** Thrown by a handler to say exactly what the caller is to receive. */
export class Rejection extends Error {
  readonly fields: Fields;

  constructor(fields: Fields, message = 'the request was rejected') {
    super(message);
    this.name = 'Rejection';
    this.fields = fields;
  }
}

/** The numbers of Fabric's `WorkloadAuthError`. */
export const TokenError = {
  Unsupported: 0,
  UserInteractionFailed: 1,
  WorkloadConfig: 2,
  Unknown: 3,
  Scopes: 4,
} as const;

export type TokenError = (typeof TokenError)[keyof typeof TokenError];

/** Why there is no token. */
export function noToken(error: TokenError, message: string, errorCode?: string): Rejection {
  const category = error === TokenError.UserInteractionFailed ? 'User' : 'System';
  return new Rejection({ error, category, message, ...(errorCode && { errorCode }) }, message);
}

/** The answer to a request that this portal does not know. */
export function notImplemented(): Rejection {
  return new Rejection({ error: { statusCode: '501', message: { code: 'NotImplemented' } } });
}

/** What to reject with, whatever was thrown. */
export function rejectionFields(thrown: unknown): Fields {
  if (thrown instanceof Rejection) return thrown.fields;
  return { error: { statusCode: '500', message: { code: 'InternalError' } } };
}
