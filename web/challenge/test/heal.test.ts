// The same for a call of the REST face.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  explain,
  heal,
  refusalOf,
  refusalOfRejection,
  refusalOfResponse,
  RefusedError,
} from '../src/index.ts';
import { STORAGE, source } from './refused.ts';

function refusedUpload(): RefusedError {
  return new RefusedError(
    refusalOfResponse(403, {
      error: {
        status: 'PERMISSION_DENIED',
        message: 'refused',
        details: [
          {
            '@type': 'type.googleapis.com/selvedge.refusal.v1.AuthChallenge',
            additionalScopesToConsent: [STORAGE],
            retryable: true,
          },
        ],
      },
    }),
  );
}

const clicked = { mayPrompt: () => true };

test('an upload that is refused is made once more, with the headers of a retry', async () => {
  const sent: Record<string, string>[] = [];
  const tokens = source();

  const stored = await heal(
    tokens,
    async (headers) => {
      sent.push(headers);
      if (sent.length === 1) throw refusedUpload();
      return 'stored';
    },
    clicked,
  );

  assert.equal(stored, 'stored');
  assert.deepEqual(sent, [
    { authorization: 'Bearer token-1' },
    { authorization: 'Bearer token-2', 'selvedge-retry': '1' },
  ]);
  assert.deepEqual(tokens.asked, [{}, { additionalScopesToConsent: [STORAGE] }]);
});

test('an upload that is refused twice stops', async () => {
  let sent = 0;
  const upload = heal(
    source(),
    async () => {
      sent += 1;
      throw refusedUpload();
    },
    clicked,
  );
  await assert.rejects(upload, (error) => refusalOf(error).healing?.outcome === 'not-enough');
  assert.equal(sent, 2);
});

test('a click answers first and uploads then', async () => {
  const tokens = source();
  const headers = await heal(tokens, async (headers) => headers, {
    answer: { additionalScopesToConsent: [STORAGE] },
  });
  assert.deepEqual(tokens.asked, [{ additionalScopesToConsent: [STORAGE] }]);
  assert.deepEqual(headers, { authorization: 'Bearer token-1', 'selvedge-retry': '1' });
});

test('an upload that cannot be repeated is made once', async () => {
  let sent = 0;
  const upload = heal(
    source(),
    async () => {
      sent += 1;
      throw refusedUpload();
    },
    { ...clicked, once: true },
  );
  await assert.rejects(upload, (error) => refusalOf(error).challenge !== undefined);
  assert.equal(sent, 1);
});

test('an upload that was given up asks for nothing', async () => {
  const tokens = source();
  const upload = heal(tokens, async () => assert.fail('it was made'), { signal: AbortSignal.abort() });
  await assert.rejects(upload, (error) => refusalOf(error).code === 'CANCELLED');
  assert.deepEqual(tokens.asked, []);
});

test('a sign-in that the user ends is explained as such', () => {
  const closed = Object.assign(new Error('user_cancelled'), { errorCode: 'user_cancelled' });
  const refusal = refusalOfRejection(closed);
  assert.equal(refusal.healing?.outcome, 'not-completed');
  assert.equal(explain(refusal).title, 'You did not finish signing in');
  assert.equal(explain(refusal).action?.kind, 'retry');
});
