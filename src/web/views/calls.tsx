import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import { bytes, count, latency, timeOfDay, words } from '../base/format';
import { isFailure, toneOf } from '../live/outcome';
import { calls } from '../live/state';
import type { Call } from '../live/types';
import { Empty, Pill, Search } from '../ui/parts';
import { Table, type Column } from '../ui/table';

type Row = Call & { number: number };

const columns: Column<Row>[] = [
  { name: 'Time', cell: (call) => <time dateTime={call.time}>{timeOfDay(call.time)}</time>, class: 'dim' },
  {
    name: 'Call',
    cell: (call) => (
      <>
        <strong>{call.subject || call.method}</strong>
        {call.subject && <small> {call.method}</small>}
        {call.error && <div class="error">{call.error}</div>}
      </>
    ),
    class: 'grow',
  },
  { name: 'Outcome', cell: (call) => <Pill tone={toneOf(call.outcome)}>{words(call.outcome)}</Pill> },
  { name: 'Took', cell: (call) => latency(call.ms / 1000), numeric: true },
  { name: 'Client', cell: (call) => call.client || <span class="dim">{call.transport}</span> },
  { name: 'Session', cell: (call) => (call.session ? <code>{call.session}</code> : '–') },
  { name: 'Key', cell: (call) => call.key || '–' },
  { name: 'Address', cell: (call) => call.address },
  { name: 'In / out', cell: (call) => `${bytes(call.requestBytes)} / ${bytes(call.answerBytes)}`, numeric: true },
];

const few = columns.filter(({ name }) => ['Time', 'Call', 'Outcome', 'Took', 'Client'].includes(name));

interface TableProps {
  rows: readonly Row[];
  label: string;
  short?: boolean; // fewer columns
}

export const CallTable = ({ rows, label, short }: TableProps): JSX.Element => <Table label={label} columns={short ? few : columns} rows={rows} keyOf={(call) => call.number} />;

const SHOWN = 200;

export function Calls(): JSX.Element {
  const [search, setSearch] = useState('');
  const [failed, setFailed] = useState(false);
  const wanted = search.toLowerCase();
  const { items, leftOut } = calls.value;
  const matching = items.filter(
    (call) =>
      (!failed || isFailure(call.outcome)) &&
      [call.subject, call.method, call.outcome, call.client, call.session, call.key, call.address, call.error].some((text) => text.toLowerCase().includes(wanted)),
  );
  const rows = matching.slice(-SHOWN).reverse();
  return (
    <>
      <div class="bar">
        <h2>Calls</h2>
        <Search label="Search calls" value={search} onInput={setSearch} />
        <label class="check">
          <input type="checkbox" checked={failed} onChange={(event) => setFailed(event.currentTarget.checked)} /> only failed
        </label>
        <span class="note">
          {count(rows.length)} of {count(items.length)}
          {leftOut > 0 && `, ${count(leftOut)} came too fast to be listed`}
        </span>
      </div>
      {rows.length === 0 ? (
        <Empty title={items.length === 0 ? 'No calls yet' : 'No call is like that'}>{items.length === 0 ? 'They appear here as they end.' : 'Try another word.'}</Empty>
      ) : (
        <CallTable rows={rows} label="Calls, newest first" />
      )}
    </>
  );
}
