import assert from 'node:assert/strict';
import { test } from 'node:test';
import { consentUrl } from '../src/authentication/consent.ts';
import { errorCodeIn, tokenErrorOf } from '../src/authentication/failure.ts';
import { challengeOf, consentOf } from '../src/authentication/tokens.ts';
import type { Workload } from '../src/config.ts';

const WORKLOAD: Workload = {
  name: 'Org.Sample',
  displayName: 'Sample',
  url: 'http://127.0.0.1:60006',
  clientId: 'workload',
  audience: 'api://audience',
  redirectUri: 'http://localhost:60006/close',
};

test('absent and null parameters are no challenge', () => {
  const none = {
    additionalScopesToConsent: [],
    claimsForConditionalAccessPolicy: undefined,
    promptFullConsent: false,
  };
  assert.deepEqual(challengeOf({}), none);
  const nulls = { additionalScopesToConsent: null, claimsForConditionalAccessPolicy: null };
  assert.deepEqual(challengeOf({ ...nulls, promptFullConsent: null }), none);
});

test('claims are passed on byte for byte', () => {
  const claims = ' {"access_token" : {"capolids":{"essential":true,"values":["\\u00e9"]}}}';
  const challenge = challengeOf({ claimsForConditionalAccessPolicy: claims });
  assert.equal(challenge.claimsForConditionalAccessPolicy, claims);
});

test('consent is asked for exactly the scopes, and full consent for all of the registration', () => {
  const scopes = ['https://a.test/one', 'https://b.test/two'];
  const some = challengeOf({ additionalScopesToConsent: scopes });
  assert.deepEqual(consentOf(some, 'api://audience'), { scopes, again: false });
  const all = { scopes: ['api://audience/.default'], again: true };
  const full = challengeOf({ additionalScopesToConsent: scopes, promptFullConsent: true });
  assert.deepEqual(consentOf(full, 'api://audience'), all);
  const listed = challengeOf({ additionalScopesToConsent: ['.default'] });
  assert.deepEqual(consentOf(listed, 'api://audience'), all);
});

test('the consent window is the workload\'s, with a code that nobody can redeem', () => {
  const account = { username: 'a@contoso.test', loginHint: 'hint' } as never;
  const request = {
    authority: 'https://localhost:5443/tenant',
    workload: WORKLOAD,
    account,
    scopes: ['https://a.test/one', 'https://b.test/two'],
    again: false,
  };
  const url = new URL(consentUrl(request, 'state'));
  assert.equal(url.pathname, '/tenant/oauth2/v2.0/authorize');
  const query = Object.fromEntries(url.searchParams);
  assert.equal(query['client_id'], 'workload');
  assert.equal(query['redirect_uri'], WORKLOAD.redirectUri);
  assert.equal(query['scope'], 'https://a.test/one https://b.test/two');
  assert.equal(query['login_hint'], 'hint');
  assert.equal(query['state'], 'state');
  assert.equal(query['prompt'], undefined);
  assert.match(query['code_challenge'] ?? '', /^[\w-]{43}$/);
  const again = new URL(consentUrl({ ...request, again: true }, 'state'));
  assert.equal(again.searchParams.get('prompt'), 'consent');
});

test('the authority\'s codes become the client\'s numbers', () => {
  assert.equal(tokenErrorOf(undefined), 1);
  assert.equal(tokenErrorOf('AADSTS65004'), 1);
  assert.equal(tokenErrorOf('AADSTS650052'), 2);
  assert.equal(tokenErrorOf('AADSTS70011'), 4);
  assert.equal(errorCodeIn('AADSTS53003: Access has been blocked'), 'AADSTS53003');
  assert.equal(errorCodeIn('user_cancelled'), undefined);
});
