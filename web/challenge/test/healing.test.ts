// One call, one dialog, one retry.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Code, ConnectError } from '@connectrpc/connect';

import { answering, healing, refusalOf, type Challenge } from '../src/index.ts';
import { echo, type EchoImpl } from './foreign-service.ts';
import {
  CLAIMS,
  STORAGE,
  consentRequired,
  deferred,
  refused,
  source,
  stepUpRequired,
  type Asked,
} from './refused.ts';

interface Call {
  authorization: string | null;
  retry: string | null;
  timeout: string | null;
}

// A service that answers each call in turn with one of `replies`: an error, or a text.
function scripted(...replies: (ConnectError | string)[]): { calls: Call[]; service: EchoImpl } {
  const calls: Call[] = [];
  const service: EchoImpl = {
    say(request, { requestHeader }) {
      calls.push({
        authorization: requestHeader.get('authorization'),
        retry: requestHeader.get('selvedge-retry'),
        timeout: requestHeader.get('grpc-timeout'),
      });
      const reply = replies[calls.length - 1];
      if (reply === undefined) throw new ConnectError('one call too many', Code.Internal);
      if (reply instanceof ConnectError) throw reply;
      return { value: `${reply} ${request.value}` };
    },
  };
  return { calls, service };
}

const clicked = { mayPrompt: () => true };

async function failure(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => assert.fail('the call went through'),
    (error: unknown) => error,
  );
}

test('a call that is let through carries a token and is made once', async () => {
  const { calls, service } = scripted('hello');
  const tokens = source();
  const client = echo(service, [healing(tokens)]);

  const { value } = await client.say({ value: 'world' });

  assert.equal(value, 'hello world');
  assert.deepEqual(calls, [{ authorization: 'Bearer token-1', retry: null, timeout: null }]);
  assert.deepEqual(tokens.asked, [{}]);
});

for (const { name, refusal, challenge } of [
  {
    name: 'consent',
    refusal: consentRequired(),
    challenge: { additionalScopesToConsent: [STORAGE] },
  },
  {
    name: 'a step-up',
    refusal: stepUpRequired(),
    challenge: { claimsForConditionalAccessPolicy: CLAIMS },
  },
  {
    name: 'full consent',
    refusal: refused(Code.PermissionDenied, 'CONSENT_REQUIRED', {
      promptFullConsent: true,
      retryable: true,
    }),
    challenge: { promptFullConsent: true },
  },
  {
    name: 'a fresh token',
    refusal: refused(Code.Unauthenticated, 'SUBJECT_TOKEN_REJECTED', { retryable: true }),
    challenge: {},
  },
] satisfies { name: string; refusal: ConnectError; challenge: Challenge }[]) {
  test(`a refusal for want of ${name} is answered with exactly its fields and one marked retry`, async () => {
    const { calls, service } = scripted(refusal, 'hello');
    const tokens = source();
    const client = echo(service, [healing(tokens, clicked)]);

    const { value } = await client.say({ value: 'world' });

    assert.equal(value, 'hello world');
    assert.deepEqual(tokens.asked, [{}, challenge]);
    assert.deepEqual(
      calls.map(({ authorization, retry }) => [authorization, retry]),
      [
        ['Bearer token-1', null],
        ['Bearer token-2', '1'],
      ],
    );
  });
}

test('a second challenge after the retry stops', async () => {
  const { calls, service } = scripted(consentRequired(), consentRequired());
  const tokens = source();
  const client = echo(service, [healing(tokens, clicked)]);

  const refusal = refusalOf(await failure(client.say({})));

  assert.equal(calls.length, 2);
  assert.equal(tokens.asked.length, 2);
  assert.equal(refusal.reason, 'CONSENT_REQUIRED');
  assert.equal(refusal.healing?.outcome, 'not-enough');
});

test('another challenge after the retry waits for another click', async () => {
  const { calls, service } = scripted(consentRequired(), stepUpRequired(), 'hello');
  const tokens = source();
  const client = echo(service, [healing(tokens, clicked)]);

  const refusal = refusalOf(await failure(client.say({})));
  assert.equal(refusal.reason, 'CLAIMS_CHALLENGE_REQUIRED');
  assert.equal(refusal.healing?.outcome, 'needs-click');
  assert.equal(calls.length, 2);

  assert.ok(refusal.challenge);
  await client.say({}, { contextValues: answering(refusal.challenge) });
  assert.deepEqual(tokens.asked.at(-1), { claimsForConditionalAccessPolicy: CLAIMS });
  assert.equal(calls.at(-1)?.retry, '1');
});

test('a refusal that no answer changes is not retried', async () => {
  const blocked = refused(Code.PermissionDenied, 'BLOCKED_BY_POLICY', {
    claimsForConditionalAccessPolicy: CLAIMS,
    retryable: false,
  });
  const { calls, service } = scripted(blocked);
  const tokens = source();
  const client = echo(service, [healing(tokens, clicked)]);

  const refusal = refusalOf(await failure(client.say({})));

  assert.equal(calls.length, 1);
  assert.deepEqual(tokens.asked, [{}]);
  assert.equal(refusal.retryable, false);
  assert.deepEqual(refusal.challenge, { claimsForConditionalAccessPolicy: CLAIMS });
  assert.equal(refusal.healing, undefined);
});

test('a refusal without a challenge is passed on', async () => {
  const { calls, service } = scripted(refused(Code.NotFound, 'RESOURCE_NOT_FOUND'));
  const client = echo(service, [healing(source(), clicked)]);

  const error = await failure(client.say({}));

  assert.ok(error instanceof ConnectError);
  assert.equal(error.code, Code.NotFound);
  assert.equal(calls.length, 1);
});

test('no dialog opens without a click', async () => {
  const { calls, service } = scripted(consentRequired());
  const tokens = source();
  const client = echo(service, [healing(tokens)]);

  const refusal = refusalOf(await failure(client.say({})));

  assert.deepEqual(tokens.asked, [{}]);
  assert.equal(calls.length, 1);
  assert.equal(refusal.healing?.outcome, 'needs-click');
  assert.equal(refusal.reason, 'CONSENT_REQUIRED');
});

test('a fresh token is asked for without a click', async () => {
  const expired = refused(Code.Unauthenticated, 'TOKEN_EXPIRED', { retryable: true });
  const { service } = scripted(expired, 'hello');
  const tokens = source();

  await echo(service, [healing(tokens)]).say({});

  assert.deepEqual(tokens.asked, [{}, {}]);
});

test('a click answers the challenge of an earlier call, whose repetition is the retry', async () => {
  const { calls, service } = scripted('hello');
  const tokens = source();
  const client = echo(service, [healing(tokens)]);

  await client.say({}, { contextValues: answering({ additionalScopesToConsent: [STORAGE] }) });

  assert.deepEqual(tokens.asked, [{ additionalScopesToConsent: [STORAGE] }]);
  assert.equal(calls[0]?.retry, '1');
});

test('a click whose answer is not enough leads to no other dialog', async () => {
  const { calls, service } = scripted(consentRequired());
  const tokens = source();
  const client = echo(service, [healing(tokens, clicked)]);
  const contextValues = answering({ additionalScopesToConsent: [STORAGE] });

  const refusal = refusalOf(await failure(client.say({}, { contextValues })));

  assert.equal(refusal.healing?.outcome, 'not-enough');
  assert.equal(calls.length, 1);
  assert.equal(tokens.asked.length, 1);
});

for (const [error, outcome] of [
  [0, 'unsupported'],
  [1, 'not-completed'],
  [2, 'misconfigured'],
  [3, 'failed'],
  [4, 'scopes-invalid'],
] as const) {
  test(`a dialog that ends with ${outcome} keeps both the refusal and the reason`, async () => {
    const { calls, service } = scripted(consentRequired());
    // The SDK rejects with a plain object.
    const tokens = source(() => Promise.reject({ error }));
    const client = echo(service, [healing(tokens, clicked)]);

    const refusal = refusalOf(await failure(client.say({})));

    assert.equal(calls.length, 1);
    assert.equal(refusal.code, 'PERMISSION_DENIED');
    assert.equal(refusal.reason, 'CONSENT_REQUIRED');
    assert.equal(refusal.healing?.outcome, outcome);
  });
}

test('a click whose dialog is declined keeps the refusal that it was to answer', async () => {
  const { calls, service } = scripted(consentRequired());
  const client = echo(service, [healing(source(() => Promise.reject({ error: 1 })))]);
  const first = refusalOf(await failure(client.say({})));
  assert.ok(first.challenge);

  const contextValues = answering(first.challenge);
  const second = refusalOf(await failure(client.say({}, { contextValues })));

  assert.equal(calls.length, 1);
  assert.deepEqual(second, { ...first, healing: { outcome: 'not-completed', message: 'WorkloadAuthError 1' } });
});

test('a declined dialog for a challenge of unknown origin keeps the challenge', async () => {
  const { calls, service } = scripted();
  const client = echo(service, [healing(source(() => Promise.reject({ error: 1 })))]);
  const challenge = { claimsForConditionalAccessPolicy: CLAIMS };

  const refusal = refusalOf(await failure(client.say({}, { contextValues: answering(challenge) })));

  assert.equal(calls.length, 0);
  assert.equal(refusal.code, 'UNAUTHENTICATED');
  assert.deepEqual(refusal.challenge, challenge);
  assert.equal(refusal.healing?.outcome, 'not-completed');
});

test('a call that gets no token is not made', async () => {
  const { calls, service } = scripted('hello');
  const client = echo(service, [healing({ acquireAccessToken: () => Promise.reject({ error: 2 }) })]);

  const refusal = refusalOf(await failure(client.say({})));

  assert.equal(calls.length, 0);
  assert.equal(refusal.code, 'UNAUTHENTICATED');
  assert.equal(refusal.reason, '');
  assert.equal(refusal.healing?.outcome, 'misconfigured');
});

test('what is no token is not sent', async () => {
  const { calls, service } = scripted('hello');
  const client = echo(service, [healing({ acquireAccessToken: async () => ({ token: 'a\r\nb: c' }) })]);

  const refusal = refusalOf(await failure(client.say({})));

  assert.equal(calls.length, 0);
  assert.equal(refusal.healing?.outcome, 'failed');
});

// === Several calls ===

// Refuses whoever lacks consent, until it is given.
function consenting(): { given: () => void; service: EchoImpl; refusals: () => number } {
  let consented = false;
  let refusals = 0;
  return {
    given: () => (consented = true),
    refusals: () => refusals,
    service: {
      say(request) {
        if (consented) return { value: request.value };
        refusals += 1;
        throw consentRequired();
      },
    },
  };
}

function dialogs(tokens: Asked): number {
  return tokens.asked.filter((challenge) => Object.keys(challenge).length > 0).length;
}

test('concurrent calls that meet the same challenge open one dialog', async () => {
  const { service, given, refusals } = consenting();
  const tokens = source(async () => {
    // All have been refused before the user is done.
    while (refusals() < 3) await new Promise(setImmediate);
    given();
  });
  // Only the first may open one; the others join it without a click of theirs.
  let clicks = 1;
  const client = echo(service, [healing(tokens, { mayPrompt: () => clicks-- > 0 })]);

  const values = await Promise.all(['a', 'b', 'c'].map((value) => client.say({ value })));

  assert.deepEqual(values.map(({ value }) => value), ['a', 'b', 'c']);
  assert.equal(dialogs(tokens), 1);
});

test('a call that is refused after the dialog for it has closed is retried without another', async () => {
  const late = deferred();
  const { service, given } = consenting();
  const slow: EchoImpl = {
    async say(request, context) {
      if (request.value === 'late' && !context.requestHeader.has('selvedge-retry')) {
        await late.promise;
        throw consentRequired();
      }
      return service.say?.(request, context) as { value: string };
    },
  };
  const tokens = source(given);
  const client = echo(slow, [healing(tokens, clicked)]);

  const lateCall = client.say({ value: 'late' });
  await client.say({ value: 'soon' });
  late.resolve();

  assert.equal((await lateCall).value, 'late');
  assert.equal(dialogs(tokens), 1);
});

test('a declined dialog is declined for every call that waited for it, and may open again', async () => {
  const { service, refusals, given } = consenting();
  let declined = false;
  const tokens = source(async () => {
    if (declined) return given();
    while (refusals() < 2) await new Promise(setImmediate);
    declined = true;
    throw { error: 1 };
  });
  const client = echo(service, [healing(tokens, clicked)]);

  const failures = await Promise.all(['a', 'b'].map((value) => failure(client.say({ value }))));
  assert.deepEqual(
    failures.map((error) => refusalOf(error).healing?.outcome),
    ['not-completed', 'not-completed'],
  );
  assert.equal(dialogs(tokens), 1);

  await client.say({ value: 'again' });
  assert.equal(dialogs(tokens), 2);
});

// === Time ===

test('the time a user takes is not part of an attempt, and the retry has all of it', async (t) => {
  const { calls, service } = scripted(consentRequired(), 'hello');
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const tokens = source(() => t.mock.timers.tick(60_000));
  const client = echo(service, [healing(tokens, { ...clicked, timeoutMs: 5_000 })]);

  await client.say({});

  assert.deepEqual(
    calls.map(({ timeout }) => timeout),
    ['5000m', '5000m'],
  );
});

test('an attempt ends at its deadline', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const called = deferred();
  const service: EchoImpl = {
    say: (_, { signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
        called.resolve();
      }),
  };
  const client = echo(service, [healing(source(), { timeoutMs: 5_000 })]);

  const call = failure(client.say({}));
  await called.promise;
  t.mock.timers.tick(5_000);

  assert.equal(refusalOf(await call).code, 'DEADLINE_EXCEEDED');
});

test('a caller who gives up does not wait for the dialog, and the call is not retried', async () => {
  const { calls, service } = scripted(consentRequired(), 'hello');
  const abort = new AbortController();
  const dialog = deferred();
  const tokens = source(() => {
    abort.abort();
    return dialog.promise;
  });
  const client = echo(service, [healing(tokens, clicked)]);

  const error = await failure(client.say({}, { signal: abort.signal }));
  dialog.resolve();

  assert.equal(refusalOf(error).code, 'CANCELLED');
  assert.equal(calls.length, 1);
});
