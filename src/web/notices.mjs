// Licence notices of the packages in the pages, from the bundler's output and the packages' files:
// a text for people, and stanzas of Debian's copyright format, which scripts/deploy/debian includes.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));

// Licences that require no more than a notice. Any other licence fails the build until it has been
// reviewed.
const ACCEPTED = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT'];
const IN_DEBIANS_FILE = ['Apache-2.0', 'MIT'];

const read = (...path) => readFileSync(join(here, ...path), 'utf8').replace(/\r\n/g, '\n').trim();
const folderOf = (file) => file.match(/^(.*node_modules\/)?((@[^/]+\/)?[^/]+)/);
const nameOf = (file) => (file.includes('node_modules/') ? folderOf(file)[2] : '');

function authorOf({ author, name }) {
  const text = typeof author === 'object' ? author.name : author;
  return text?.replace(/ *[<(].*/, '') || `the authors of ${name}`;
}

// The source map of a bundle within a package names the packages in it.
function bundledIn(files) {
  const maps = files.map((file) => `${file}.map`).filter((map) => existsSync(join(here, map)));
  const sources = maps.flatMap((map) => JSON.parse(read(map)).sources);
  return [...new Set(sources.map(nameOf).filter(Boolean))].sort();
}

function described(folder, files) {
  const manifest = JSON.parse(read(folder, 'package.json'));
  const { name, version, license } = manifest;
  if (!ACCEPTED.includes(license)) throw new Error(`${name}: its licence is ${license}, which is not among those in notices.mjs`);
  const own = readdirSync(join(here, folder)).filter((file) => /^(licen[cs]e|notice)(\.(md|txt))?$/i.test(file));
  const texts = [...own.sort().map((file) => read(folder, file)), ...files.map((file) => `${file}.LICENSE.txt`).filter((file) => existsSync(join(here, file))).map((file) => read(file))];
  // A package without a licence text gets the standard text.
  if (!own.some((file) => /^l/i.test(file))) texts.unshift(read(`${license}.txt`).replace('{holder}', authorOf(manifest)));
  const holders = texts.join('\n').match(/^[ *]*(copyright (\(c\)|\d{4})|\(c\) \d{4}).*$/gim) ?? [];
  const named = holders.map((line) => line.replace(/^[ *]*(copyright)? *(\(c\))? */i, '').trim()).filter((line) => /[a-z]{2}/i.test(line.replace('present', '')));
  return { name, version, license, texts, holders: named.length > 0 ? [...new Set(named)] : [authorOf(manifest)], bundled: bundledIn(files).filter((one) => one !== name) };
}

// Packages with at least one byte in the pages, by name.
export function packagesIn(metafile) {
  const used = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.entries(inputs));
  const files = [...new Set(used.filter(([file, { bytesInOutput }]) => bytesInOutput > 0 && nameOf(file)).map(([file]) => file))].sort();
  const folders = [...new Set(files.map((file) => folderOf(file)[0]))];
  return folders.map((folder) => described(folder, files.filter((file) => file.startsWith(`${folder}/`))));
}

const line = ({ name, version, license, holders }) => `${name} ${version}: ${license}, ${holders.join('; ')}`;

export function noticesOf(packages) {
  const parts = packages.map((one) => {
    const within = one.bundled.length > 0 ? [`It was built with parts of: ${one.bundled.join(', ')}.`] : [];
    return [`${'-'.repeat(100)}\n${one.name} ${one.version}`, ...within, ...one.texts].join('\n\n');
  });
  return `The pages of mcp-sidecar are made with these packages:\n\n${packages.map(line).join('\n')}\n\n${parts.join('\n\n')}\n`;
}

export function debianStanzasOf(packages) {
  const indented = (text) => text.split('\n').map((row) => (row.trim() ? ` ${row}` : ' .')).join('\n');
  return packages
    .map(({ name, version, license, holders, texts, bundled }) =>
      [
        `Files: src/web/node_modules/${name}/*`,
        `Copyright: ${holders.join('\n ')}`,
        IN_DEBIANS_FILE.includes(license) ? `License: ${license}` : `License: ${license}-of-${name.replace(/[@/]+/g, '-').replace(/^-/, '')}\n${indented(texts.join('\n\n'))}`,
        `Comment: Version ${version}, in the pages within mcp-sidecar.${bundled.length > 0 ? `\n Built with parts of: ${bundled.join(', ')}.` : ''}\n`,
      ].join('\n'),
    )
    .join('\n');
}
