// The calls of the soak's clients, each with its expected answer.
export class Calls {
  #books;
  #limit;

  constructor(books, limit) {
    this.#books = books;
    this.#limit = limit;
  }

  // A call of a tool of ../child.mjs.
  #tool(name, runs, args = {}, { expects, more = '' } = {}) {
    const token = this.#books.token(runs);
    const text = `${name} ${token}`;
    const expected = text + more;
    return {
      what: text,
      own: text,
      token,
      method: 'tools/call',
      params: { name, arguments: { token, ...args }, _meta: { progressToken: token } },
      limit: this.#limit,
      ...(expects && { expects }),
      check: ({ result }) => {
        const got = result.content[0].text;
        if (got !== expected) throw new Error(`it says ${got.slice(0, 200)}`);
      },
    };
  }

  say = () => this.#tool('say', 'repeatable');
  read = (ms) => this.#tool('read', 'repeatable', { ms });
  work = (ms, steps) => this.#tool('work', 'once', { ms, steps });
  big = (size) => this.#tool('big', 'repeatable', { size }, { more: 'x'.repeat(size) });
  fail = () => this.#tool('fail', 'once', {}, { expects: ['error'] });
  // Its process may be replaced and then ends with the call open.
  hang = () => this.#tool('hang', 'once', {}, { expects: ['timeout', 'child_died', 'unavailable'] });
  touch = (uri) => this.#tool('touch', 'once', { uri });
  tell = (owner) => this.#tool('tell', 'once', { owner });
  // A session without a dedicated process has no client to ask.
  ask = () => this.#tool('ask', 'once', {}, { expects: ['result', 'tool_error'] });
  junk = () => this.#tool('junk', 'once');
  // Not permitted at times.
  fickle = () => this.#tool('fickle', 'repeatable', {}, { expects: ['result', 'forbidden'] });
  die = () => this.#tool('die', 'once', {}, { expects: ['child_died', 'unavailable'] });

  unknown = () => ({ ...this.#tool('none-such', 'once', {}, { expects: ['unknown_tool'] }), token: undefined });

  #plain(method, check, params) {
    return { what: method, method, params, limit: this.#limit, check };
  }

  list = () =>
    this.#plain('tools/list', ({ result }) => {
      if (!result.tools.some(({ name }) => name === 'say')) throw new Error(JSON.stringify(result).slice(0, 200));
    });

  ping = () =>
    this.#plain('ping', ({ result }) => {
      if (JSON.stringify(result) !== '{}') throw new Error(JSON.stringify(result).slice(0, 200));
    });

  subscribe = (uri) => this.#plain('resources/subscribe', () => {}, { uri });
  setLevel = (level) => this.#plain('logging/setLevel', () => {}, { level });
}
