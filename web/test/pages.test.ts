// Lists that arrive page by page.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { noPages, pagesAfter, withEntry, withoutEntry, type PagesEvent } from '../src/app/loading/pages.ts';

function after(...events: PagesEvent<string, string>[]) {
  return events.reduce(pagesAfter<string, string>, noPages<string, string>());
}

const first: PagesEvent<string, string> = { kind: 'arrived', for: 'first', entries: ['a', 'b'], next: 'p2' };
const more: PagesEvent<string, string> = { kind: 'arrived', for: 'more', entries: ['c'], next: '' };

test('pages follow one another until there is no next', () => {
  assert.deepEqual(after(first), { entries: ['a', 'b'], next: 'p2', loaded: true });
  assert.deepEqual(after(first, { kind: 'asked', for: 'more' }, more), {
    entries: ['a', 'b', 'c'],
    next: undefined,
    loaded: true,
  });
});

test('a list that is asked for anew keeps its entries until the new ones are there', () => {
  const asked = after(first, { kind: 'asked', for: 'first' });
  assert.deepEqual([asked.entries, asked.busy], [['a', 'b'], 'first']);
  assert.deepEqual(pagesAfter(asked, { ...first, entries: ['z'] } as typeof first).entries, ['z']);
});

test('a refusal leaves what had come, and stands until there is an answer', () => {
  const refused = after(first, { kind: 'refused', refused: 'no' });
  assert.deepEqual([refused.entries, refused.refused, refused.busy], [['a', 'b'], 'no', undefined]);
  const again = pagesAfter(refused, { kind: 'asked', for: 'more' });
  assert.equal(again.refused, 'no');
  assert.equal(pagesAfter(again, more).refused, undefined);
});

test('another list begins with nothing', () => {
  assert.deepEqual(after(first, { kind: 'begun' }), noPages());
});

test('an entry takes the place of its older self, or comes last; one that is gone is gone', () => {
  const key = (task: { id: string }) => task.id;
  const tasks = [{ id: '1', done: false }, { id: '2', done: false }];
  assert.deepEqual(withEntry(tasks, { id: '1', done: true }, key), [{ id: '1', done: true }, tasks[1]]);
  assert.deepEqual(withEntry(tasks, { id: '3', done: true }, key).at(-1), { id: '3', done: true });
  assert.deepEqual(withoutEntry(tasks, '2', key), [tasks[0]]);
});
