// What a user is told.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { explain, refusalOf, refusalOfResponse, type Refusal } from '../src/index.ts';
import { BY_REASON } from '../src/reasons.ts';
import { STORAGE } from './refused.ts';

const REFUSAL: Refusal = {
  code: 'PERMISSION_DENIED',
  reason: 'CONSENT_REQUIRED',
  message: '',
  metadata: {},
  challenge: { additionalScopesToConsent: [STORAGE] },
  retryable: true,
  links: [],
};

// Words of those who made the service, not of those who use it.
const JARGON = /\b(gRPC|OBO|on-behalf-of|JWT|JWS|claims?|scopes?|audience|downstream|challenge|metadata)\b/i;

test('every reason is explained in plain sentences, with somebody to act', () => {
  for (const [reason, { title, text, actor }] of Object.entries(BY_REASON)) {
    assert.match(title, /^[A-Z][^.]+$/, reason);
    assert.match(text, /\.$/, reason);
    assert.ok(title.length <= 60 && text.length <= 160, reason);
    assert.ok(actor.length > 0, reason);
    assert.doesNotMatch(`${title} ${text} ${actor}`, JARGON, reason);
    assert.doesNotMatch(`${title} ${text}`, /[A-Z]{2,}_/, reason);
  }
});

test('what has no reason is explained by its code', () => {
  assert.equal(explain(refusalOf(new TypeError('Failed to fetch'))).title, 'The service cannot be reached');
  assert.equal(explain(refusalOfResponse(404, '')).title, 'Not found');
  assert.equal(explain(refusalOf(undefined)).title, 'Something went wrong');
  const unknown = { ...REFUSAL, reason: 'OF_A_LATER_VERSION', challenge: undefined };
  assert.equal(explain(unknown).title, 'You may not do this');
  assert.equal(explain({ ...unknown, reason: 'constructor' }).title, 'You may not do this');
});

test('missing consent is answered by a button', () => {
  assert.deepEqual(explain(REFUSAL).action, {
    kind: 'answer',
    label: 'Give consent',
    challenge: { additionalScopesToConsent: [STORAGE] },
  });
});

test('a step-up and an expired sign-in have buttons of their own', () => {
  const step = { ...REFUSAL, reason: 'INTERACTION_REQUIRED', challenge: { claimsForConditionalAccessPolicy: '{}' } };
  assert.equal(explain(step).action?.label, 'Verify it is you');
  const expired = { ...REFUSAL, reason: 'SUBJECT_TOKEN_REJECTED', challenge: {} };
  assert.equal(explain(expired).action?.label, 'Sign in again');
});

test('a declined dialog is explained, and may be opened again', () => {
  const declined: Refusal = { ...REFUSAL, healing: { outcome: 'not-completed', message: '' } };
  const { title, action } = explain(declined);
  assert.equal(title, 'You have not given consent');
  assert.equal(action?.kind, 'answer');
});

test('an answer that was not enough is not asked for again', () => {
  const stuck: Refusal = {
    ...REFUSAL,
    links: [{ description: 'A tenant administrator consents here', url: 'https://login.example' }],
    healing: { outcome: 'not-enough', message: '' },
  };
  const { actor, action } = explain(stuck);
  assert.equal(actor, 'Your tenant administrator');
  assert.deepEqual(action, {
    kind: 'open',
    label: 'A tenant administrator consents here',
    url: 'https://login.example',
  });
});

test('a refusal that no answer changes offers its dialog as an explanation only', () => {
  const blocked = { ...REFUSAL, reason: 'BLOCKED_BY_POLICY', retryable: false };
  assert.equal(explain(blocked).action?.kind, 'show');
});

test('a pause is kept to', () => {
  const busy = { ...REFUSAL, reason: 'OVERLOADED', challenge: undefined, retryAfterMs: 3000 };
  assert.deepEqual(explain(busy).action, { kind: 'retry', label: 'Try again', afterMs: 3000 });
});

test('a changed record is read again', () => {
  const changed = { ...REFUSAL, reason: 'STORE_CONFLICT', challenge: undefined };
  assert.equal(explain(changed).action?.kind, 'reload');
});
