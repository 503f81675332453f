// Paths of files, and where they are uploaded to.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { nameOf, trail, uploadUrl, within } from '../src/app/files/path.ts';
import { filePath } from '../src/app/forms/validation.ts';

const LAKEHOUSE = { workspaceId: 'w', lakehouseId: 'l' };
const FILES = 'http://127.0.0.1:5000/workload/data/v1/workspaces/w/lakehouses/l/files';

test('each segment of a path is encoded by itself, and the slashes stay', () => {
  for (const [path, encoded] of [
    ['readme.txt', 'readme.txt'],
    ['2026/orders.csv', '2026/orders.csv'],
    ['a b/c#d?e&f+g;h@i', 'a%20b/c%23d%3Fe%26f%2Bg%3Bh%40i'],
    ['\u{e9}t\u{e9}/\u{1f9f5} 1%2f.txt', '%C3%A9t%C3%A9/%F0%9F%A7%B5%201%252f.txt'],
  ] as const) {
    assert.equal(uploadUrl('http://127.0.0.1:5000', LAKEHOUSE, path), `${FILES}/${encoded}`);
    // What the browser makes of the address is what was meant.
    assert.equal(new URL(`${FILES}/${encoded}`).href, `${FILES}/${encoded}`);
  }
});

test('paths that could mean another place are not asked for', () => {
  for (const path of ['', 'a//b', '/a', 'a/', '.', '..', 'a/../b', 'a\\b', 'a\nb', 'x'.repeat(1025)]) {
    assert.notEqual(filePath(path), undefined, JSON.stringify(path));
  }
  for (const path of ['a', '...', 'a..b/.hidden', '\u{1f9f5}', 'x'.repeat(1024)]) {
    assert.equal(filePath(path), undefined, JSON.stringify(path));
  }
});

test('a folder is reached through those around it', () => {
  assert.deepEqual(trail(''), []);
  assert.deepEqual(trail('a/b/c'), ['a', 'a/b', 'a/b/c']);
  assert.equal(nameOf('a/b/c.txt'), 'c.txt');
  assert.equal(nameOf('c.txt'), 'c.txt');
  assert.equal(within('', 'c.txt'), 'c.txt');
  assert.equal(within('a/b', 'c.txt'), 'a/b/c.txt');
});
