// Progress and result of a call.
import type { CallToolResult } from '@modelcontextprotocol/client';
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';

import { duration, latency } from '../base/format';
import { Pill, Problem } from '../ui/parts';
import type { CallState, Progress } from './call';
import { Block } from './content';
import { JsonTree } from './json_tree';

function Elapsed({ since }: { since: number }): JSX.Element {
  const [now, setNow] = useState(performance.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return <span class="note">{duration((now - since) / 1000)}</span>;
}

const Running = ({ since, progress }: { since: number; progress: Progress | null }): JSX.Element => (
  <div class="running">
    <progress aria-label="Progress" {...(progress?.total ? { max: progress.total, value: progress.progress } : {})} />
    <span>{progress ? (progress.message ?? (progress.total ? `${progress.progress} of ${progress.total}` : `${progress.progress}`)) : 'Running'}</span>
    <Elapsed since={since} />
  </div>
);

function Result({ result, ms }: { result: CallToolResult; ms: number }): JSX.Element {
  const [raw, setRaw] = useState(false);
  const { content = [], structuredContent } = result;
  return (
    <section class="result" aria-label="Result">
      <div class="line">
        <h3>Result</h3>
        <Pill tone={result.isError ? 'bad' : 'good'}>{result.isError ? 'tool error' : 'result'}</Pill>
        <span class="note">{latency(ms / 1000)}</span>
        <button type="button" class="quiet" aria-pressed={raw} onClick={() => setRaw(!raw)}>
          Whole answer
        </button>
      </div>
      {raw ? (
        <JsonTree value={result} />
      ) : (
        <>
          {content.map((block, index) => (
            <Block key={index} block={block} />
          ))}
          {content.length === 0 && structuredContent === undefined && <p class="note">The result is empty.</p>}
          {structuredContent !== undefined && (
            <>
              <h4>Structured content</h4>
              <JsonTree value={structuredContent} />
            </>
          )}
        </>
      )}
    </section>
  );
}

// For screen readers.
const said: Record<CallState['step'], string> = { idle: '', running: 'The call runs', done: 'The result is here', failed: '' };

export function CallView({ state }: { state: CallState }): JSX.Element {
  return (
    <>
      <p class="hidden" role="status">
        {said[state.step]}
      </p>
      {state.step === 'running' && <Running since={state.since} progress={state.progress} />}
      {state.step === 'done' && <Result result={state.result} ms={state.ms} />}
      {state.step === 'failed' && <Problem>{state.problem}</Problem>}
    </>
  );
}
