// What forms check before the service does.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { guid, jsonValue, limited, named, rowId } from '../src/app/forms/validation.ts';
import { configurationOf } from '../src/app/service/configuration.ts';

test('lengths are counted in characters', () => {
  assert.equal(named('\u{1f9f5}'.repeat(256), 256), undefined);
  assert.notEqual(named('\u{1f9f5}'.repeat(257), 256), undefined);
  assert.notEqual(named('', 256), undefined);
  assert.equal(limited('', 256), undefined);
  assert.notEqual(limited('a\0b', 256), undefined);
});

test('the id of a row may be empty, and has few kinds of characters', () => {
  for (const id of ['', 'a', 'A.b-c_9', 'x'.repeat(128)]) assert.equal(rowId(id), undefined, id);
  for (const id of ['a b', 'a/b', '\u{e9}', 'x'.repeat(129)]) assert.notEqual(rowId(id), undefined, id);
});

test('a row is one JSON value of at most 64 KiB', () => {
  const quoted = (length: number) => JSON.stringify('x'.repeat(length));
  for (const text of ['1', 'null', ' {"a":[1]} ', quoted(64 * 1024 - 2)]) assert.equal(jsonValue(text), undefined);
  for (const text of ['', ' ', '{', '1 2', quoted(64 * 1024 - 1)]) assert.notEqual(jsonValue(text), undefined);
});

test('ids of Fabric are GUIDs', () => {
  assert.equal(guid('0F8FAD5B-d9cb-469f-a165-70867728950e'), undefined);
  for (const text of ['', '..', '0f8fad5bd9cb469fa16570867728950e']) assert.notEqual(guid(text), undefined);
});

test('the service is an address of the web, and nothing else is', () => {
  assert.deepEqual(configurationOf({ service: 'http://127.0.0.1:5000/' }), { service: 'http://127.0.0.1:5000' });
  for (const document of [undefined, null, {}, { service: 7 }, { service: '/' }, { service: 'javascript:x' }]) {
    assert.throws(() => configurationOf(document));
  }
});
