// The sidecar's log of a soak: what must not stand in it.

// Errors that the soak itself brings about.
const expected = [
  'settings are kept as they are', // a .env that makes no sense
  'call ended two children', // killed, and the next one too
  'child does not answer', // frozen
  'handshake failed', // killed or frozen in the middle of it
];

const KEPT = 20;

export class LogReader {
  bad = [];
  counts = {}; // by level and event, of warnings and errors

  take(line) {
    let entry;
    try {
      entry = JSON.parse(line);
    } catch {
      return this.#keep(line); // of a sanitizer, or of a library
    }
    if (entry.level !== 'error' && !/^warn/.test(entry.level)) return;
    const name = `${entry.level}: ${entry.event}`;
    this.counts[name] = (this.counts[name] ?? 0) + 1;
    if ((entry.level === 'error' && !expected.includes(entry.event)) || /internal error/i.test(line)) this.#keep(line);
  }

  #keep(line) {
    if (this.bad.length < KEPT) this.bad.push(line.slice(0, 500));
  }
}
