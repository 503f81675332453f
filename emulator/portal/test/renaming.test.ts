import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toApiNames } from '../src/protocol/renaming.ts';

test('keys are renamed at any depth, each word once', () => {
  assert.deepEqual(toApiNames({ artifactObjectId: 1, list: [{ extensionName: 'a' }], tridentArtifact: 2 }), {
    itemObjectId: 1,
    list: [{ workloadName: 'a' }],
    fabricItem: 2,
  });
  assert.deepEqual(toApiNames({ artifactOfArtifactOfartifact: 1 }), { itemOfItemOfartifact: 1 });
});

test('no value is renamed but that of a key called type', () => {
  assert.deepEqual(toApiNames({ type: 'GetArtifact', action: 'artifact.open', payload: '{"artifact":1}' }), {
    type: 'GetItem',
    action: 'artifact.open',
    payload: '{"artifact":1}',
  });
  assert.deepEqual(toApiNames({ inner: { type: 'trident artifact' } }), { inner: { type: 'fabric item' } });
});

test('what a person searched for is left as it is', () => {
  const searched = { searchTokenMatchesBySection: { artifact: [{ type: 'extension' }] } };
  assert.deepEqual(toApiNames(searched), searched);
});

test('values that are no objects pass', () => {
  for (const value of [null, undefined, 1, 'artifact', true]) assert.equal(toApiNames(value), value);
});
