// Asks for the key. A form that a password manager can fill; the key stays in memory.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import { Problem } from './ui/parts';

interface Props {
  title: string;
  problem: string;
  onKey: (key: string) => void;
}

export function Login({ title, problem, onKey }: Props): JSX.Element {
  const [empty, setEmpty] = useState(false);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const key = String(new FormData(event.currentTarget as HTMLFormElement).get('key') ?? '').trim();
    setEmpty(!key);
    if (key) onKey(key);
  };
  const said = empty ? 'Type the key first.' : problem;
  return (
    <main class="login">
      <form onSubmit={submit}>
        <h1>{title}</h1>
        <p>This sidecar wants a key. One with the permission admin sees everything; any other may use the tools.</p>
        <input class="hidden" type="text" name="username" autocomplete="username" value="mcp-sidecar" readonly tabIndex={-1} aria-hidden="true" />
        <label>
          Key
          <input type="password" name="key" autocomplete="current-password" autofocus spellcheck={false} aria-describedby={said ? 'login-problem' : undefined} />
        </label>
        <div id="login-problem">{said && <Problem>{said}</Problem>}</div>
        <button type="submit" class="primary">
          Log in
        </button>
        <p class="note">It is kept in this page's memory only, and gone when the page is.</p>
      </form>
    </main>
  );
}
