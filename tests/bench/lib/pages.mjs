// Puts the figures into docs/performance.md, between its markers.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { repository } from './programs.mjs';

const begin = '<!-- figures: begin (scripts/bench --write) -->';
const end = '<!-- figures: end -->';

export const docs = join(repository, 'docs');
export const plotFolder = join(docs, 'plots');

export function withFigures(page, text) {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error('docs/performance.md has no markers for the figures');
  return `${page.slice(0, from + begin.length)}\n${text}\n${page.slice(to)}`;
}

export function writeFigures(text, plots) {
  const path = join(docs, 'performance.md');
  const images = plots.map((name) => `![${name.replace('.svg', '')}](plots/${name})`).join('\n\n');
  writeFileSync(path, withFigures(readFileSync(path, 'utf8'), `${text}\n\n${images}`));
}
