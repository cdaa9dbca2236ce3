// Checks the sidecar's log of a soak for unexpected lines.

// Errors that the soak itself causes.
const expected = [
  'reload rejected; settings unchanged', // a malformed .env
  'child died twice with the same call', // killed, and the next one too
  'child does not answer', // frozen
  'handshake failed', // killed or frozen during it
];

const KEPT = 20;

export class LogReader {
  bad = [];
  counts = {}; // warnings and errors, by level and event

  take(line) {
    let entry;
    try {
      entry = JSON.parse(line);
    } catch {
      return this.#keep(line); // from a sanitizer or a library
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
