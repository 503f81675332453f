// Bundles the portal into dist/, which is committed and which the emulator embeds. The same sources
// and lock file give the same bytes on every machine.

import { cp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import esbuild from 'esbuild';

const OUT = 'dist';

await rm(OUT, { recursive: true, force: true });
const { metafile } = await esbuild.build({
  entryPoints: {
    portal: 'src/main.ts',
    close: 'src/close.ts',
    style: 'src/style.css',
  },
  outdir: path.join(OUT, 'assets'),
  bundle: true,
  format: 'esm',
  target: 'es2022',
  minify: true,
  charset: 'utf8',
  legalComments: 'none',
  metafile: true,
});
await cp('pages', OUT, { recursive: true });
await writeFile(path.join(OUT, 'assets', 'licenses.txt'), await licenses(Object.keys(metafile.inputs)));

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
