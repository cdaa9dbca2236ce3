import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import { base } from '../base/api';
import { authEnabled, hello } from '../live/state';
import { Code } from '../ui/parts';
import { snippets } from './snippets';

// Where clients reach this sidecar, without a slash at the end.
export const ownAddress = (): string => (hello.value?.publicUrl || base.href).replace(/\/+$/, '');

export function Connect(): JSX.Element {
  const all = snippets(ownAddress(), authEnabled.value);
  const [client, setClient] = useState(all[0]!.client);
  const shown = all.find((one) => one.client === client) ?? all[0]!;
  return (
    <>
      <div class="bar">
        <h2>Connect a client</h2>
        <div class="choices" role="group" aria-label="Client">
          {all.map((one) => (
            <button key={one.client} type="button" aria-pressed={one === shown} onClick={() => setClient(one.client)}>
              {one.client}
            </button>
          ))}
        </div>
      </div>
      <p class="note">
        A client that speaks Streamable HTTP gets <code>{ownAddress()}/mcp</code>; one that asks for SSE, <code>{ownAddress()}/sse</code>.
        {authEnabled.value && (
          <>
            {' '}
            Put one of the keys where <code>YOUR_KEY</code> stands.
          </>
        )}
      </p>
      {shown.parts.map((part) => (
        <section key={part.title} class="snippet">
          <h3>{part.title}</h3>
          <Code text={part.text} label={`${shown.client}: ${part.title}`} />
          {part.note && <p class="note">{part.note}</p>}
        </section>
      ))}
    </>
  );
}
