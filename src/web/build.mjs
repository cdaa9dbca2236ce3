// Builds the pages into a folder of plain files: index.html, docs.html, and assets/ with content
// hashes in their names. Also writes notices.txt and debian-copyright, the licences of the packages
// in the pages, for packages of the program.
//   node build.mjs OUT
import { build } from 'esbuild';
import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { debianStanzasOf, noticesOf, packagesIn } from './notices.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2] && resolve(process.argv[2]);
if (!out) {
  console.error('usage: node build.mjs OUT');
  process.exit(2);
}

const pages = { 'index.html': 'main.tsx', 'docs.html': 'reference/main.tsx' };
const icon = 'icon.svg';

await rm(out, { recursive: true, force: true });
const { metafile } = await build({
  absWorkingDir: here,
  entryPoints: [...Object.values(pages), icon],
  outdir: out,
  entryNames: 'assets/[name]-[hash]',
  chunkNames: 'assets/[name]-[hash]',
  assetNames: 'assets/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  target: ['chrome111', 'firefox115', 'safari16.4'],
  minify: true,
  legalComments: 'eof',
  metafile: true,
  jsx: 'automatic',
  jsxImportSource: 'preact',
  loader: { '.svg': 'copy' },
  alias: {
    react: 'preact/compat',
    'react-dom': 'preact/compat',
    'react/jsx-runtime': 'preact/jsx-runtime',
    // The form library renders a schema's descriptions as Markdown; here they are plain text.
    'markdown-to-jsx/react': './explorer/no_markdown.ts',
  },
  logLevel: 'warning',
});

// Path of the output of a source file, relative to the pages.
const outputs = Object.entries(metafile.outputs).map(([file, made]) => ({ file: relative(out, resolve(here, file)), ...made }));
const madeOf = (source) => outputs.find((one) => one.entryPoint === source) ?? outputs.find((one) => Object.keys(one.inputs).join() === source);

const packages = packagesIn(metafile);
const notices = noticesOf(packages);
const noticesFile = `assets/notices-${createHash('sha256').update(notices).digest('hex').slice(0, 8)}.txt`;
await writeFile(join(out, noticesFile), notices);
await writeFile(join(out, 'notices.txt'), notices);
await writeFile(join(out, 'debian-copyright'), debianStanzasOf(packages));

for (const [page, source] of Object.entries(pages)) {
  const script = madeOf(source);
  const values = { script: script.file, style: relative(out, resolve(here, script.cssBundle)), icon: madeOf(icon).file, notices: noticesFile };
  const html = (await readFile(join(here, page), 'utf8')).replace(/\{\{(\w+)\}\}/g, (_, name) => values[name]);
  await writeFile(join(out, page), html);
}
