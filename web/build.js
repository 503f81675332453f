// Bundles the pages into dist/, which is committed and which the service embeds. The same sources
// and lock file give the same bytes on every machine: CI builds again and compares.

import { readFile, readdir, rm, cp, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import path from 'node:path';
import esbuild from 'esbuild';

const OUT = 'dist';
// What a page's scripts may weigh on the wire, all of them together.
const GZIPPED_BYTES = 400 * 1024;

await rm(OUT, { recursive: true, force: true });
const options = {
  outdir: path.join(OUT, 'assets'),
  bundle: true,
  target: 'es2022',
  minify: true,
  charset: 'utf8',
  legalComments: 'none',
  metafile: true,
  define: { 'process.env.NODE_ENV': '"production"' },
};
const { metafile } = await esbuild.build({
  ...options,
  entryPoints: {
    app: 'src/app/main.tsx',
    broker: 'src/broker/main.tsx',
    'broker-close': 'src/broker/close.ts',
  },
  // One copy of what pages share.
  splitting: true,
  format: 'esm',
});
// By itself and in one piece: it waits for no other file, and runs before the page is read to its end.
await esbuild.build({ ...options, entryPoints: { close: 'src/close/main.ts' }, format: 'iife' });
await cp('pages', OUT, { recursive: true });
await writeFile(path.join(OUT, 'licenses.txt'), await licenses(Object.keys(metafile.inputs)));

const weight = await gzippedBytes(path.join(OUT, 'assets'));
console.log(`scripts: ${(weight / 1024).toFixed(0)} KiB gzipped`);
if (weight > GZIPPED_BYTES) {
  throw new Error(`the scripts weigh ${weight} bytes gzipped; at most ${GZIPPED_BYTES}`);
}

// The licence of every package that went into the bundle, as each demands.
async function licenses(inputs) {
  const roots = new Set();
  for (const input of inputs) {
    const found = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (found) roots.add(found[1]);
  }
  const texts = [];
  for (const root of [...roots].sort()) {
    const { name, version, license } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
    const file = (await readdir(root)).sort().find((entry) => /^licen[cs]e/i.test(entry));
    const text = file ? await readFile(path.join(root, file), 'utf8') : '';
    texts.push(`${name} ${version} (${license})\n\n${text.replaceAll('\r', '').trim()}\n`);
  }
  return texts.join(`\n${'-'.repeat(80)}\n\n`);
}

async function gzippedBytes(folder) {
  const files = await readdir(folder);
  const sizes = await Promise.all(
    files.map(async (file) => gzipSync(await readFile(path.join(folder, file)), { level: 9 }).length),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
