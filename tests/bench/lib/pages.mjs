// Writes the figures into docs/performance.md, between its markers.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { repository } from './programs.mjs';

const figures = { begin: '<!-- figures: begin (scripts/bench --write) -->', end: '<!-- figures: end -->' };

export const docs = join(repository, 'docs');
export const plotFolder = join(docs, 'plots');

// The page with that text between two markers.
export function withFigures(page, text, { begin, end } = figures) {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/performance.md has no ${begin}`);
  return `${page.slice(0, from + begin.length)}\n${text}\n${page.slice(to)}`;
}

export function writeFigures(text, plots) {
  const path = join(docs, 'performance.md');
  const images = plots.map((name) => `![${name.replace('.svg', '')}](plots/${name})`).join('\n\n');
  writeFileSync(path, withFigures(readFileSync(path, 'utf8'), `${text}\n\n${images}`));
}
