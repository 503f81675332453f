import assert from 'node:assert/strict';
import { test } from 'node:test';
import { frameAddress, target } from '../src/frames/address.ts';
import { withoutTokens } from '../src/requests/one-way.ts';
import { hashOf, placeOf } from '../src/shell/place.ts';
import type { Workload } from '../src/config.ts';

const named = (name: string) => ({ name, url: 'http://127.0.0.1:60006' }) as Workload;
const WORKLOADS = [named('Org.One'), named('Org.Two')];

test('the fragment names a workload and its path', () => {
  const place = placeOf('#/Org.Two/records?a=b', WORKLOADS);
  assert.equal(place?.workload.name, 'Org.Two');
  assert.equal(place?.path, '/records?a=b');
  assert.ok(place);
  assert.equal(hashOf(place), '#/Org.Two/records?a=b');
});

test('without a known name it is the first workload\'s root', () => {
  for (const hash of ['', '#', '#/Org.Three/records', '#anything']) {
    const place = placeOf(hash, WORKLOADS);
    assert.equal(place?.workload.name, 'Org.One', hash);
    assert.equal(place?.path, '/', hash);
  }
  assert.equal(placeOf('', []), undefined);
});

test('a frame\'s address has what the client reads, on the workload\'s root', () => {
  const [workload] = WORKLOADS;
  assert.ok(workload);
  const address = new URL(frameAddress(workload, 'page', 'id', 'https://localhost:5443'));
  assert.equal(address.origin + address.pathname, 'http://127.0.0.1:60006/');
  assert.deepEqual(Object.fromEntries(address.searchParams), {
    __iframeId: 'id',
    __iframeType: 'page',
    __environmentName: 'DEFAULT',
    __extensionName: 'Org.One',
    __extensionHostOrigin: 'https://localhost:5443',
  });
});

test('a route becomes a path with a query', () => {
  assert.equal(target('records', undefined), '/records');
  assert.equal(target('/records', { a: 1, b: null }), '/records?a=1');
  assert.equal(target('/records?x=y', { a: 'b c' }), '/records?x=y&a=b+c');
});

test('nothing that looks like a token is shown', () => {
  assert.equal(withoutTokens('Bearer eyJhbGciOi.eyJzdWIi.sig-_ failed'), 'Bearer [token] failed');
  assert.equal(withoutTokens('nothing here'), 'nothing here');
});
