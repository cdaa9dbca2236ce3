import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

import { count, timeOfDay } from '../base/format';
import { log } from '../live/state';
import type { LogLine } from '../live/types';
import { Empty, Search } from '../ui/parts';

const levels = ['debug', 'info', 'warning', 'error'];
const rank = (level: string): number => {
  const found = levels.findIndex((one) => level.startsWith(one.slice(0, 4)));
  return found < 0 ? (level === 'critical' ? levels.length : 0) : found;
};

type Row = LogLine & { number: number };

export const LogLines = ({ lines }: { lines: readonly Row[] }): JSX.Element =>
  lines.length === 0 ? (
    <Empty title="Nothing logged yet" />
  ) : (
    <ol class="log">
      {lines.map((line) => (
        <li key={line.number} class={line.level}>
          <time dateTime={line.time}>{timeOfDay(line.time)}</time> <b>{line.level}</b> <span>{line.text}</span>
        </li>
      ))}
    </ol>
  );

export function Log(): JSX.Element {
  const [search, setSearch] = useState('');
  const [level, setLevel] = useState('debug');
  const [follow, setFollow] = useState(true);
  const box = useRef<HTMLDivElement>(null);
  const { items, leftOut } = log.value;
  const wanted = search.toLowerCase();
  const lines = items.filter((line) => rank(line.level) >= levels.indexOf(level) && line.text.toLowerCase().includes(wanted));

  useEffect(() => {
    if (follow && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [lines.at(-1)?.number, follow, lines.length]);
  const scrolled = (): void => {
    const { scrollTop, scrollHeight, clientHeight } = box.current!;
    setFollow(scrollHeight - scrollTop - clientHeight < 24);
  };
  return (
    <>
      <div class="bar">
        <h2>Log</h2>
        <Search label="Search the log" value={search} onInput={setSearch} />
        <label class="check">
          From
          <select value={level} onChange={(event) => setLevel(event.currentTarget.value)}>
            {levels.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
        <label class="check">
          <input type="checkbox" checked={follow} onChange={(event) => setFollow(event.currentTarget.checked)} /> follow
        </label>
        <span class="note">
          {count(lines.length)} of {count(items.length)}
          {leftOut > 0 && `, ${count(leftOut)} came too fast to be listed`}
        </span>
      </div>
      <div class="tail" ref={box} onScroll={scrolled} tabIndex={0} role="region" aria-label="Log lines">
        <LogLines lines={lines} />
      </div>
    </>
  );
}
