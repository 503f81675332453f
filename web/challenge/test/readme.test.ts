// The example of the README is the one that is type-checked here.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

test("the README's example compiles", async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const example = await readFile(new URL('example.ts', import.meta.url), 'utf8');
  assert.equal(/```ts\n(.*?)```/s.exec(readme)?.[1], example);
});
