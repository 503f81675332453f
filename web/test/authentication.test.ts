// What the authentication page reads: tokens, rejections of the host, and what is typed by hand.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { claimsProblem, scopesOf, scopesProblem } from '../src/app/authentication/challengeText.ts';
import { claimsOf } from '../src/app/authentication/claims.ts';
import { numberOf, sdkErrorOf } from '../src/app/authentication/sdkError.ts';

function token(payload: unknown): string {
  const segment = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${segment({ alg: 'none' })}.${segment(payload)}.`;
}

test('claims are read in their order, in any script, and moments are spelled out', () => {
  assert.deepEqual(claimsOf(token({ name: 'J\u{fc}rgen \u{1f9f5}??>', exp: 1_795_345_200, amr: ['pwd', 'mfa'] })), [
    { name: 'name', value: 'J\u{fc}rgen \u{1f9f5}??>' },
    { name: 'exp', value: '1795345200', meaning: '2026-11-22T11:00:00.000Z' },
    { name: 'amr', value: '["pwd","mfa"]' },
  ]);
});

test('a moment that is none is shown as it is', () => {
  assert.deepEqual(claimsOf(token({ exp: 'soon', iat: 1e300 })), [
    { name: 'exp', value: 'soon' },
    { name: 'iat', value: '1e+300' },
  ]);
});

test('what is no token has no claims', () => {
  for (const text of ['', 'a.b', 'a.%%%.c', 'a.b.c.d.e', token('text'), token(null), token([1]), 'a.gA.c']) {
    assert.equal(claimsOf(text), undefined, text);
  }
});

test('each number of the SDK is explained, and so is a rejection without one', () => {
  const names = [0, 1, 2, 3, 4].map((error) => sdkErrorOf({ error }).name);
  assert.equal(new Set(names).size, 5);
  assert.equal(names[1], 'UserInteractionFailedError');
  assert.equal(numberOf({ error: 1 }), 1);
  for (const rejection of [undefined, null, {}, { error: '1' }, { error: 99 }, new Error('x'), 'text']) {
    assert.equal(sdkErrorOf(rejection).name, 'Unknown rejection');
  }
});

test('scopes are separated by any white space', () => {
  assert.deepEqual(scopesOf('  https://a/b\n.default\t c '), ['https://a/b', '.default', 'c']);
  assert.notEqual(scopesProblem(' \n'), undefined);
});

test('claims to satisfy are a JSON object', () => {
  assert.equal(claimsProblem('{"access_token":{"acrs":{"essential":true,"value":"c1"}}}'), undefined);
  for (const text of ['', '{', '[]', 'null', '"c1"']) assert.notEqual(claimsProblem(text), undefined, text);
});
