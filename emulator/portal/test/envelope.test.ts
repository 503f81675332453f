import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse, reject, resolve, start } from '../src/protocol/envelope.ts';

test('a request carries its parameters at the top level', () => {
  assert.deepEqual(parse({ type: '[Start] GetTheme', iframeId: 'f', asyncId: 'a', one: 1 }), {
    kind: 'start',
    name: 'GetTheme',
    iframeId: 'f',
    asyncId: 'a',
    fields: { one: 1 },
  });
});

test('a message without a kind is one-way, and a frame may be nameless', () => {
  const parsed = parse({ type: 'LogEvent', iframeId: null });
  assert.equal(parsed?.kind, 'one-way');
  assert.equal(parsed?.name, 'LogEvent');
});

test('what is no message is none', () => {
  const bad = [
    undefined,
    null,
    'text',
    [],
    {},
    { type: 'LogEvent' },
    { type: 1, iframeId: 'f' },
    { type: 'LogEvent', iframeId: 1 },
    { type: '[Start] GetTheme', iframeId: 'f' },
  ];
  for (const message of bad) assert.equal(parse(message), undefined, JSON.stringify(message));
});

test('an answer bears the ids of its request, whatever the fields say', () => {
  const request = parse(start('GetTheme', 'a', 'f', {}));
  assert.ok(request);
  const answered = { type: '[Resolve] GetTheme', asyncId: 'a', iframeId: 'f', name: 'dark' };
  assert.deepEqual(resolve(request, { name: 'dark', asyncId: 'forged', type: 'forged' }), answered);
  assert.equal(reject(request, { error: 1 })['type'], '[Reject] GetTheme');
});
