import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answer, type Handler } from '../src/protocol/dispatch.ts';
import { parse, start, type Envelope, type Fields } from '../src/protocol/envelope.ts';
import { Rejection } from '../src/protocol/rejection.ts';

const HANDLERS = new Map<string, Handler<string>>([
  ['Value', (fields, caller) => ({ ...fields, caller })],
  ['Promise', async () => ({ later: true })],
  ['Nothing', () => {}],
  ['Rejects', () => Promise.reject(new Rejection({ error: 1 }))],
  ['Throws', () => { throw new Error('a secret'); }],
  ['Function', () => ({ uncloneable: () => {} })],
]);

function request(name: string): Envelope {
  const parsed = parse(start(name, 'a', 'f', { given: 1 }));
  assert.ok(parsed);
  return parsed;
}

async function answersTo(name: string): Promise<Fields[]> {
  const sent: Fields[] = [];
  // As a window does, which refuses what it cannot clone.
  const send = (message: Fields) => sent.push(structuredClone(message));
  await answer(HANDLERS, request(name), 'caller', send);
  return sent;
}

test('every [Start] is answered exactly once', async () => {
  const names = [...HANDLERS.keys(), 'unknown', 'constructor', '__proto__', ''];
  for (const name of names.filter(Boolean)) {
    const sent = await answersTo(name);
    assert.equal(sent.length, 1, name);
    assert.equal(sent[0]?.['asyncId'], 'a', name);
  }
});

test('a result is spread beside the ids', async () => {
  assert.deepEqual(await answersTo('Value'), [
    { type: '[Resolve] Value', asyncId: 'a', iframeId: 'f', given: 1, caller: 'caller' },
  ]);
  assert.deepEqual(await answersTo('Nothing'), [
    { type: '[Resolve] Nothing', asyncId: 'a', iframeId: 'f' },
  ]);
});

test('a rejection is a plain object, and says of other errors only that there was one', async () => {
  const [rejected] = await answersTo('Rejects');
  assert.deepEqual(rejected, { type: '[Reject] Rejects', asyncId: 'a', iframeId: 'f', error: 1 });
  const [thrown] = await answersTo('Throws');
  assert.deepEqual(thrown?.['error'], { statusCode: '500', message: { code: 'InternalError' } });
});

test('a request that nobody handles is not implemented', async () => {
  const [sent] = await answersTo('getItem');
  assert.equal(sent?.['type'], '[Reject] getItem');
  assert.deepEqual(sent?.['error'], { statusCode: '501', message: { code: 'NotImplemented' } });
});
