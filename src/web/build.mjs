// A stand-in until the pages are written: copies them.
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const out = process.argv[2];
rmSync(out, { recursive: true, force: true });
mkdirSync(join(out, 'assets'), { recursive: true });
for (const page of ['index.html', 'docs.html']) cpSync(page, join(out, page));
cpSync('style.css', join(out, 'assets/style-00000000.css'));
