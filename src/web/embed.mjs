// Writes the files by which the program embeds the built pages: pages.bin, all files gzipped and
// concatenated, and pages.cpp, the table of their positions (src/endpoints/ops/embedded_pages.hpp).
// Copies notices.txt and debian-copyright for packages of the program.
//   node embed.mjs OUT GENERATED      OUT: the folder that build.mjs wrote
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { constants, gzipSync } from 'node:zlib';

const TYPES = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.woff2': 'font/woff2',
};
// Browsers cache assets for ever, so their names must change with their bytes.
const HASHED = /^[\w.-]*-[0-9A-Za-z]{8,}\.[\w.]+$/;

const fail = (text) => {
  console.error(`embed.mjs: ${text}`);
  process.exit(1);
};

const [out, generated] = process.argv.slice(2);
if (!generated) fail('usage: node embed.mjs OUT GENERATED');

const files = { '/': 'index.html', '/docs': 'docs.html' };
for (const name of readdirSync(join(out, 'assets')).sort()) {
  if (!HASHED.test(name)) fail(`assets/${name} has no hash of 8 characters or more in its name, as in app-1a2b3c4d.js`);
  files[`/assets/${name}`] = `assets/${name}`;
}

let blob = Buffer.alloc(0);
const rows = Object.entries(files).map(([path, file]) => {
  const type = TYPES[extname(file)];
  if (!type) fail(`${file}: no content type is known for ${extname(file)}`);
  const bytes = readFileSync(join(out, file));
  const gzipped = gzipSync(bytes, { level: constants.Z_BEST_COMPRESSION });
  const tag = createHash('sha256').update(bytes).digest('hex').slice(0, 32);
  const row = `    {"${path}", "${type}", "${tag}", piece(${blob.length}, ${gzipped.length}), ${bytes.length}},`;
  blob = Buffer.concat([blob, gzipped]);
  return row;
});

mkdirSync(generated, { recursive: true });
for (const name of ['notices.txt', 'debian-copyright']) copyFileSync(join(out, name), join(generated, name));
writeFileSync(join(generated, 'pages.bin'), blob);
writeFileSync(join(generated, 'pages.cpp'), `// Made by src/web/embed.mjs.
#include "endpoints/ops/embedded_pages.hpp"

__asm__(
    ".pushsection .rodata\\n"
    ".global sidecar_pages_begin\\n"
    "sidecar_pages_begin:\\n"
    ".incbin \\"" SIDECAR_PAGES_FILE "\\"\\n"
    ".popsection\\n");

extern "C" const char sidecar_pages_begin[];

namespace sidecar::endpoints {
namespace {

std::string_view piece(std::size_t at, std::size_t size) { return {sidecar_pages_begin + at, size}; }

}  // namespace

std::span<const EmbeddedPage> embedded_pages() {
  static const EmbeddedPage kPages[] = {
${rows.join('\n')}
  };
  return kPages;
}

}  // namespace sidecar::endpoints
`);
