// The closing page: it tells, and it closes.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { close, type Closing, type Outcome } from '../src/close/close.ts';

interface Window extends Closing {
  readonly told: { message: Outcome; targetOrigin: string }[];
  closed: number;
}

function opened(location: Partial<Closing['location']>): Window {
  const told: Window['told'] = [];
  return {
    told,
    closed: 0,
    location: { hash: '', search: '', ...location },
    opener: { postMessage: (message, targetOrigin) => told.push({ message, targetOrigin }) },
    close() {
      this.closed += 1;
    },
  };
}

for (const { name, location, outcome } of [
  {
    name: 'consent that was given is told, and its code is not',
    location: { hash: '#code=0.secret&state=s1&session_state=x' },
    outcome: { outcome: 'completed', state: 's1' },
  },
  {
    name: 'the same in the query',
    location: { search: '?code=0.secret&state=s1' },
    outcome: { outcome: 'completed', state: 's1' },
  },
  {
    name: 'declined consent is told with its number',
    location: {
      hash: '#error=access_denied&error_description=AADSTS65004%3a+User+declined+to+consent.&state=s1',
    },
    outcome: {
      outcome: 'refused',
      error: 'access_denied',
      errorCode: 'AADSTS65004',
      description: 'AADSTS65004: User declined to consent.',
      state: 's1',
    },
  },
  {
    name: 'an organization without the service is told with its number',
    location: {
      hash: '#error=invalid_client&error_description=AADSTS650052%3a+The+app+needs+access+to+a+service',
    },
    outcome: {
      outcome: 'refused',
      error: 'invalid_client',
      errorCode: 'AADSTS650052',
      description: 'AADSTS650052: The app needs access to a service',
    },
  },
  {
    name: 'any other error is told',
    location: { search: '?error=server_error&error_description=line%0d%0aline' },
    outcome: { outcome: 'refused', error: 'server_error', description: 'line line' },
  },
  {
    name: 'a window that was opened for nothing is told as completed',
    location: {},
    outcome: { outcome: 'completed' },
  },
]) {
  test(name, () => {
    const window = opened(location);
    close(window);
    assert.deepEqual(window.told, [
      { message: { type: 'selvedge.close', ...outcome }, targetOrigin: '*' },
    ]);
    assert.equal(window.closed, 1);
    assert.doesNotMatch(JSON.stringify(window.told), /secret/);
  });
}

test('a window without an opener closes', () => {
  const window = { ...opened({ hash: '#error=access_denied' }), opener: null };
  close(window);
  assert.equal(window.closed, 1);
});

test('a window whose opener cannot be told closes', () => {
  const window = opened({});
  window.opener = {
    postMessage() {
      throw new Error('gone');
    },
  };
  close(window);
  assert.equal(window.closed, 1);
});

test('a window whose address cannot be read closes', () => {
  const window = opened({});
  const trap = Object.defineProperty(window, 'location', {
    get() {
      throw new Error('gone');
    },
  });
  close(trap);
  assert.equal(window.closed, 1);
});

test('a long answer is cut short', () => {
  const window = opened({ hash: `#error=e&error_description=${'x'.repeat(1_000_000)}` });
  close(window);
  assert.equal(window.told[0]?.message.description?.length, 1024);
});
