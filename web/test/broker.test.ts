// One window at a time, one for everybody who waits, and none without a click.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type {
  AccountInfo,
  AuthenticationResult,
  EventCallbackFunction,
  PopupRequest,
  SilentRequest,
} from '@azure/msal-browser';
import type { Challenge, TokenSource } from 'selvedge-challenge';

import { Broker, type Exchange, type Msal } from '../src/broker/broker.ts';
import { clicksOn, type Clicks } from '../src/broker/clicks.ts';
import type { Component } from '../src/broker/configuration.ts';

const COMPONENTS: Record<string, Component> = {
  'company-picker': {
    clientId: '3a8e5d17-b06c-4f29-9d84-e1c72f4b0a05',
    audience: 'api://company-picker.example',
    scopes: ['https://graph.microsoft.com/User.Read'],
  },
  'file-picker': {
    clientId: 'e95b2c40-1f7a-4d63-a8c9-5b04d7e3f106',
    audience: 'api://file-picker.example',
    scopes: ['https://storage.azure.com/user_impersonation'],
  },
};

const ACCOUNT = { homeAccountId: 'a', username: 'user@example' } as AccountInfo;

const ALWAYS: Clicks = { fresh: true, spend() {} };

const CONSENT: Challenge = { additionalScopesToConsent: ['scope'] };
const CLAIMS: Challenge = { claimsForConditionalAccessPolicy: '{}' };

interface Window {
  request: PopupRequest;
  // What the user does in it.
  complete(): void;
  decline(errorCode: string): void;
  shut(): void;
}

// MSAL, as far as the broker sees it: windows stay open until a test acts in them.
function fakeMsal(): { msal: Msal; windows: Window[]; silent: SilentRequest[] } {
  const windows: Window[] = [];
  const silent: SilentRequest[] = [];
  const listeners = new Map<string, EventCallbackFunction>();
  const result = (scopes: string[]) =>
    ({ account: ACCOUNT, accessToken: `for ${scopes.join(' ')}` }) as AuthenticationResult;
  const msal: Msal = {
    acquireTokenPopup(request) {
      const popupWindow = { closed: false };
      const answer = new Promise<AuthenticationResult>((resolve, reject) => {
        windows.push({
          request,
          complete: () => resolve(result(request.scopes)),
          decline: (errorCode) => reject(Object.assign(new Error(errorCode), { errorCode })),
          shut: () => (popupWindow.closed = true),
        });
      });
      for (const listener of listeners.values()) {
        listener({ payload: { popupWindow } } as unknown as Parameters<EventCallbackFunction>[0]);
      }
      return answer;
    },
    async acquireTokenSilent(request) {
      silent.push(request);
      return result(request.scopes);
    },
    async logoutPopup() {},
    addEventCallback(listener) {
      const id = `listener ${listeners.size}`;
      listeners.set(id, listener);
      return id;
    },
    removeEventCallback: (id) => void listeners.delete(id),
  };
  return { msal, windows, silent };
}

// A broker whose exchange only lends out what it was given, for tests to ask in the service's stead.
async function signedIn(clicks: Clicks = ALWAYS) {
  const { msal, windows, silent } = fakeMsal();
  const sources: TokenSource[] = [];
  const permits: ((challenge: Challenge) => boolean)[] = [];
  const exchange: Exchange = (source, mayPrompt) => {
    sources.push(source);
    permits.push(mayPrompt);
    return async () => ({ token: 'downstream', grantedScopes: [], expiresAt: undefined });
  };
  const broker = new Broker(msal, COMPONENTS, exchange, clicks);
  const signIn = broker.signIn();
  windows.shift()?.complete();
  await signIn;
  const [company, files] = sources;
  const [mayPrompt] = permits;
  assert.ok(company && files && mayPrompt);
  return { broker, windows, silent, company, files, mayPrompt };
}

test('signing in opens one window, however often it is clicked', async () => {
  const { msal, windows } = fakeMsal();
  const broker = new Broker(msal, COMPONENTS, () => async () => assert.fail(), ALWAYS);
  const clicks = [broker.signIn(), broker.signIn()];
  assert.equal(windows.length, 1);
  assert.equal(broker.snapshot().dialog, true);

  windows[0]?.complete();
  await Promise.all(clicks);

  assert.equal(broker.snapshot().account, ACCOUNT);
  assert.equal(broker.snapshot().dialog, false);
});

test('nobody gets a token before the user has signed in', async () => {
  const { msal, windows, silent } = fakeMsal();
  let company: TokenSource | undefined;
  const exchange: Exchange = (source) => {
    company ??= source;
    return async () => assert.fail();
  };
  new Broker(msal, COMPONENTS, exchange, ALWAYS);
  await assert.rejects(async () => company?.acquireAccessToken({}), /nobody is signed in/);
  assert.deepEqual([windows.length, silent.length], [0, 0]);
});

test("a component's token is for its own registration, and comes without a window", async () => {
  const { company, files, windows } = await signedIn();
  assert.deepEqual(await company.acquireAccessToken({}), {
    token: 'for api://company-picker.example/token.exchange',
  });
  assert.deepEqual(await files.acquireAccessToken({}), {
    token: 'for api://file-picker.example/token.exchange',
  });
  assert.equal(windows.length, 0);
});

test('both components wait for one consent', async () => {
  const { broker, company, files, windows } = await signedIn();

  const both = [company.acquireAccessToken(CONSENT), files.acquireAccessToken(CONSENT)];
  assert.equal(windows.length, 1);
  assert.deepEqual(windows[0]?.request.scopes, ['api://company-picker.example/.default']);
  assert.equal(windows[0]?.request.prompt, 'consent');
  windows[0]?.complete();

  const tokens = await Promise.all(both);
  assert.deepEqual(
    tokens.map(({ token }) => token),
    [
      'for api://company-picker.example/token.exchange',
      'for api://file-picker.example/token.exchange',
    ],
  );
  assert.equal(broker.snapshot().consents, 1);
});

test('a component that asks after the consent is covered by it, once', async () => {
  const { company, files, windows } = await signedIn();
  const first = company.acquireAccessToken(CONSENT);
  windows[0]?.complete();
  await first;

  await files.acquireAccessToken(CONSENT);
  assert.equal(windows.length, 1);

  const again = files.acquireAccessToken(CONSENT);
  assert.equal(windows.length, 2);
  windows[1]?.complete();
  await again;
});

test('a declined consent is declined for both, and neither is covered', async () => {
  const { broker, company, files, windows } = await signedIn();
  const both = [company.acquireAccessToken(CONSENT), files.acquireAccessToken(CONSENT)];
  windows[0]?.decline('access_denied');
  for (const outcome of await Promise.allSettled(both)) {
    assert.equal(outcome.status, 'rejected');
    assert.equal(outcome.reason.errorCode, 'access_denied');
  }
  assert.equal(broker.snapshot().consents, 0);
  assert.equal(broker.snapshot().dialog, false);

  const again = files.acquireAccessToken(CONSENT);
  assert.equal(windows.length, 2);
  windows[1]?.complete();
  await again;
});

test('a second window is not opened for something else', async () => {
  const { company, files, windows } = await signedIn();
  const consent = company.acquireAccessToken(CONSENT);
  await assert.rejects(files.acquireAccessToken(CLAIMS), { errorCode: 'interaction_in_progress' });
  assert.equal(windows.length, 1);
  windows[0]?.complete();
  await consent;
});

test('a step-up hands over the claims as they are', async () => {
  const { company, windows } = await signedIn();
  const step = company.acquireAccessToken(CLAIMS);
  assert.equal(windows[0]?.request.claims, '{}');
  assert.deepEqual(windows[0]?.request.scopes, ['api://company-picker.example/token.exchange']);
  windows[0]?.complete();
  assert.deepEqual(await step, { token: 'for api://company-picker.example/token.exchange' });
});

test('a click is good for one window, and an open window needs none', async () => {
  const page = new EventTarget();
  const activation = { isActive: true };
  const { company, mayPrompt, windows } = await signedIn(clicksOn(page, activation));
  assert.equal(mayPrompt(CONSENT), false);

  page.dispatchEvent(new Event('click'));
  assert.equal(mayPrompt(CONSENT), true);
  activation.isActive = false;
  assert.equal(mayPrompt(CONSENT), false);
  activation.isActive = true;

  const consent = company.acquireAccessToken(CONSENT);
  assert.equal(mayPrompt(CONSENT), true);
  assert.equal(mayPrompt(CLAIMS), false);
  windows[0]?.complete();
  await consent;
  assert.equal(mayPrompt(CONSENT), false);
});

test('a window that the user closes is not waited for', async (t) => {
  const { company, windows } = await signedIn();
  t.mock.timers.enable({ apis: ['setInterval', 'setTimeout'] });
  const asked = assert.rejects(company.acquireAccessToken(CONSENT), { errorCode: 'user_cancelled' });
  windows[0]?.shut();
  t.mock.timers.tick(250);
  t.mock.timers.tick(1000);
  await asked;
});

test('an answer that is on its way when the window closes is taken', async (t) => {
  const { company, windows } = await signedIn();
  t.mock.timers.enable({ apis: ['setInterval', 'setTimeout'] });
  const asked = company.acquireAccessToken(CONSENT);
  windows[0]?.shut();
  t.mock.timers.tick(250);
  windows[0]?.complete();
  t.mock.timers.tick(1000);
  assert.ok((await asked).token);
});

test('signing out leaves nothing to ask with', async () => {
  const { broker, company } = await signedIn();
  await broker.signOut();
  assert.equal(broker.snapshot().account, undefined);
  await assert.rejects(company.acquireAccessToken({}), /nobody is signed in/);
});

test('a component that the broker does not know gets nothing', async () => {
  const { broker } = await signedIn();
  assert.throws(() => broker.tokenFor('stranger'), /no such component/);
  assert.throws(() => broker.tokenFor('constructor'), /no such component/);
});
