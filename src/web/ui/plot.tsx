// One plot over time, with its legend as text: what it shows now, or where the pointer is.
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import UPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

import { timeOfDay } from '../base/format';

export interface Series {
  label: string;
  colour: string; // name of a CSS variable
  values: (number | null)[];
}

interface Props {
  title: string;
  times: number[]; // seconds since the epoch
  series: Series[];
  format: (value: number | null | undefined) => string;
}

const HEIGHT = 150;
const dark = matchMedia('(prefers-color-scheme: dark)');
const variable = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function made(host: HTMLElement, { series, format }: Props, onPoint: (index: number | null) => void): UPlot {
  const axis = { stroke: variable('--muted'), font: '11px system-ui, sans-serif', grid: { stroke: variable('--line'), width: 1 }, ticks: { show: false } };
  return new UPlot(
    {
      width: host.clientWidth,
      height: HEIGHT,
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false } },
      padding: [8, 12, 0, 0],
      hooks: { setCursor: [(plot) => onPoint(plot.cursor.idx ?? null)] },
      scales: { y: { range: (_, _low, high) => [0, high > 0 ? high * 1.1 : 1] } },
      axes: [
        { ...axis, space: 80, size: 22, values: (_, ticks) => ticks.map(timeOfDay) },
        { ...axis, size: 58, space: 32, values: (_, ticks) => ticks.map(format) },
      ],
      series: [{}, ...series.map((one) => ({ label: one.label, stroke: variable(one.colour), width: 1.5, spanGaps: false, points: { show: false } }))],
    },
    [[], ...series.map(() => [])],
    host,
  );
}

export function Plot(props: Props): JSX.Element {
  const { title, times, series, format } = props;
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot>(undefined);
  const [point, setPoint] = useState<number | null>(null);
  const data = (): UPlot.AlignedData => [times, ...series.map((one) => one.values)];

  useEffect(() => {
    const element = host.current!;
    const draw = (): void => {
      plot.current?.destroy();
      plot.current = made(element, props, setPoint);
      plot.current.setData(data());
    };
    draw();
    const watch = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height: HEIGHT }));
    watch.observe(element);
    dark.addEventListener('change', draw);
    return () => {
      watch.disconnect();
      dark.removeEventListener('change', draw);
      plot.current?.destroy();
    };
  }, []);
  useEffect(() => plot.current?.setData(data()), [times, series]);

  const at = point !== null && point < times.length ? point : times.length - 1;
  return (
    <section class="panel plot">
      <header>
        <h2>{title}</h2>
        <ul class="legend">
          {series.map((one) => (
            <li key={one.label} class={one.colour.slice(2)}>
              {one.label} <b>{format(one.values[at])}</b>
            </li>
          ))}
        </ul>
      </header>
      <div ref={host} role="img" aria-label={`${title}, the last five minutes`} />
    </section>
  );
}
