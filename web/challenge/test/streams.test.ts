// A stream is healed only where nothing of it has been handed over.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Client } from '@connectrpc/connect';

import { healing, refusalOf } from '../src/index.ts';
import { EchoService, echo, type EchoImpl } from './foreign-service.ts';
import { STORAGE, consentRequired, source } from './refused.ts';

// A service that refuses the first stream after so many messages.
function refusingAfter(messages: number): { retries: (string | null)[]; service: EchoImpl } {
  const retries: (string | null)[] = [];
  const service: EchoImpl = {
    async *watch(request, { requestHeader }) {
      retries.push(requestHeader.get('selvedge-retry'));
      for (let n = 0; n < 2; n += 1) {
        if (retries.length === 1 && n === messages) throw consentRequired();
        yield { value: `${request.value} ${n}` };
      }
    },
  };
  return { retries, service };
}

async function read(client: Client<typeof EchoService>, heard: string[]): Promise<void> {
  for await (const { value } of client.watch({ value: 'message' })) heard.push(value);
}

const clicked = { mayPrompt: () => true };

test('a stream that is refused before its first message is begun again, with its request', async () => {
  const { retries, service } = refusingAfter(0);
  const tokens = source();
  const heard: string[] = [];

  await read(echo(service, [healing(tokens, clicked)]), heard);

  assert.deepEqual(heard, ['message 0', 'message 1']);
  assert.deepEqual(retries, [null, '1']);
  assert.deepEqual(tokens.asked, [{}, { additionalScopesToConsent: [STORAGE] }]);
});

test('a stream that is refused after a message is not begun again', async () => {
  const { retries, service } = refusingAfter(1);
  const tokens = source();
  const heard: string[] = [];

  await assert.rejects(read(echo(service, [healing(tokens, clicked)]), heard), (error) => {
    const refusal = refusalOf(error);
    assert.equal(refusal.reason, 'CONSENT_REQUIRED');
    assert.deepEqual(refusal.challenge, { additionalScopesToConsent: [STORAGE] });
    return true;
  });

  assert.deepEqual(heard, ['message 0']);
  assert.deepEqual(retries, [null]);
  assert.deepEqual(tokens.asked, [{}]);
});

test('a stream without messages ends', async () => {
  const service: EchoImpl = { async *watch() {} };
  const heard: string[] = [];

  await read(echo(service, [healing(source())]), heard);

  assert.deepEqual(heard, []);
});
