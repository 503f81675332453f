// Tokens. Whom and what a token is for is the frame's, not the request's: it names neither.

import { challengeOf } from '../authentication/tokens.ts';
import type { Answers, Portal } from '../portal.ts';
import { TokenError, noToken } from '../protocol/rejection.ts';
import { list } from './fields.ts';

export function authentication({ tokens }: Portal): Answers {
  return [
    ['acquireAADToken', (fields, from) => tokens.acquire(from.workload, challengeOf(fields))],
    [
      'acquireFrontendAADToken',
      (fields, from) => tokens.acquireFor(from.workload, list(fields, 'scopes').map(String)),
    ],
    [
      'GetAccessToken',
      () => {
        throw noToken(TokenError.Unsupported, 'this request is none of the public client');
      },
    ],
  ];
}
