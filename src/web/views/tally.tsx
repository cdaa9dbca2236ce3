// Counts by label, largest first, as bars.
import type { JSX } from 'preact';

import { count, words } from '../base/format';
import { Empty, Panel } from '../ui/parts';

interface Props {
  title: string;
  counts: Record<string, number>;
  empty: string;
  tone: (label: string) => string;
}

export function Tally({ title, counts, empty, tone }: Props): JSX.Element {
  const rows = Object.entries(counts)
    .filter(([, number]) => number > 0)
    .sort(([, a], [, b]) => b - a);
  const most = rows[0]?.[1] ?? 1;
  return (
    <Panel title={title} aside={<span class="note">since the start</span>}>
      {rows.length === 0 ? (
        <Empty title="None yet">{empty}</Empty>
      ) : (
        <ul class="plain tally">
          {rows.map(([label, number]) => (
            <li key={label}>
              <span>{words(label)}</span>
              <b>{count(number)}</b>
              <meter class={tone(label)} min={0} max={most} value={number} aria-hidden="true" />
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
