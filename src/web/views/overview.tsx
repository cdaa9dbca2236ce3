import type { ComponentChildren, JSX } from 'preact';
import { useMemo } from 'preact/hooks';

import { count, latency, rate } from '../base/format';
import { address } from '../base/route';
import { failed, toneOf, total } from '../live/outcome';
import { calls, hello, log, samples, tick } from '../live/state';
import { Empty, Panel } from '../ui/parts';
import { Plot, type Series } from '../ui/plot';
import { CallTable } from './calls';
import { Children } from './children';
import { LogLines } from './log';
import { Tally } from './tally';

const Tile = ({ label, value, note }: { label: string; value: string; note?: ComponentChildren }): JSX.Element => (
  <div class="tile">
    <dt>{label}</dt>
    <dd>
      {value}
      {note && <small>{note}</small>}
    </dd>
  </div>
);

const number = (value: number | null | undefined): string => (value === null || value === undefined ? '–' : rate(value));

function Plots(): JSX.Element {
  const all = samples.value;
  const { times, load, times2, flight } = useMemo(() => {
    const series = (label: string, colour: string, of: (sample: (typeof all)[number]) => number | null): Series => ({ label, colour, values: all.map(of) });
    return {
      times: all.map(({ time }) => time),
      load: [series('answered', '--series-1', (one) => one.answered), series('failed', '--series-bad', (one) => one.failed)],
      times2: [series('p50', '--series-1', (one) => one.p50), series('p95', '--series-2', (one) => one.p95), series('p99', '--series-3', (one) => one.p99)],
      flight: [series('in flight', '--series-1', (one) => one.inFlight), series('queued', '--series-3', (one) => one.queued)],
    };
  }, [all]);
  return (
    <div class="plots">
      <Plot title="Calls a second" times={times} series={load} format={number} />
      <Plot title="Latency" times={times} series={times2} format={latency} />
      <Plot title="In flight" times={times} series={flight} format={number} />
    </div>
  );
}

export function Overview(): JSX.Element {
  const now = tick.value;
  if (!now) return <Empty title="Waiting for the first numbers" />;
  const last = samples.value.at(-1);
  const all = total(now.calls);
  const bad = failed(now.calls);
  const latest = calls.value.items.slice(-8).reverse();
  return (
    <>
      <dl class="tiles">
        <Tile label="Calls/s" value={last ? rate(last.answered + last.failed) : '–'} note={`${count(all)} since the start`} />
        <Tile label="p95 latency" value={latency(last?.p95)} note="of the last 10 s" />
        <Tile label="In flight" value={count(now.inFlight)} note={`${count(now.queued)} queued`} />
        <Tile label="Sessions" value={count(now.sessions)} note={`${count(now.children.length)} ${now.children.length === 1 ? 'process' : 'processes'}`} />
        <Tile label="Failed" value={all > 0 ? `${((100 * bad) / all).toFixed(bad > 0 ? 1 : 0)} %` : '–'} note={`${count(bad)} since the start`} />
      </dl>
      <Plots />
      <div class="columns">
        <Children list={now.children} command={hello.value?.command ?? ''} />
        <Tally title="Outcomes" counts={now.calls} empty="Calls appear here as clients make them." tone={toneOf} />
        <Tally title="Refusals" counts={now.refusals} empty="Nobody was turned away: wrong keys, rates, limits and origins would be counted here." tone={() => 'warn'} />
      </div>
      <Panel title="Recent calls" wide aside={<a href={address('calls')}>All calls</a>}>
        {latest.length === 0 ? <Empty title="No calls yet">Connect a client, or call a tool under Tools.</Empty> : <CallTable rows={latest} label="Recent calls" short />}
      </Panel>
      <Panel title="Log" wide aside={<a href={address('log')}>Follow the log</a>}>
        <LogLines lines={log.value.items.slice(-8)} />
      </Panel>
    </>
  );
}
