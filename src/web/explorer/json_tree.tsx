// A JSON value as a tree that opens. The page holds only open nodes, and the beginning of long
// lists.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

const FIRST = 100; // entries of one list, characters × 10 of one string

function Text({ value }: { value: string }): JSX.Element {
  const [whole, setWhole] = useState(false);
  const short = !whole && value.length > FIRST * 10;
  return (
    <>
      <span class="string">{JSON.stringify(short ? value.slice(0, FIRST * 10) : value)}</span>
      {short && (
        <button type="button" class="quiet" onClick={() => setWhole(true)}>
          … {value.length} characters
        </button>
      )}
    </>
  );
}

function Branch({ name, value, open }: { name?: string | undefined; value: object; open: boolean }): JSX.Element {
  const [shown, setShown] = useState(open);
  const [limit, setLimit] = useState(FIRST);
  const list = Array.isArray(value);
  const entries = Object.entries(value);
  return (
    <details open={shown} onToggle={(event) => setShown(event.currentTarget.open)}>
      <summary>
        {name !== undefined && <span class="name">{name}</span>} <span class="dim">{list ? `[${entries.length}]` : `{${entries.length}}`}</span>
      </summary>
      {shown && (
        <ul>
          {entries.slice(0, limit).map(([key, one]) => (
            <li key={key}>
              <Node name={key} value={one as unknown} open={false} />
            </li>
          ))}
          {entries.length > limit && (
            <li>
              <button type="button" class="quiet" onClick={() => setLimit(limit + FIRST * 10)}>
                {entries.length - limit} more
              </button>
            </li>
          )}
        </ul>
      )}
    </details>
  );
}

function Node({ name, value, open }: { name?: string | undefined; value: unknown; open: boolean }): JSX.Element {
  if (typeof value === 'object' && value !== null) return <Branch name={name} value={value} open={open} />;
  return (
    <>
      {name !== undefined && <span class="name">{name}</span>} {typeof value === 'string' ? <Text value={value} /> : <span class={typeof value}>{String(value)}</span>}
    </>
  );
}

export const JsonTree = ({ value }: { value: unknown }): JSX.Element => (
  <div class="tree">
    <Node value={value} open />
  </div>
);
