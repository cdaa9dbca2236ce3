// One call of a tool at a time, with its progress; ends with a result or a reason.
import type { CallToolResult } from '@modelcontextprotocol/client';
import { useEffect, useRef, useState } from 'preact/hooks';

import { inWords } from '../base/api';
import { use } from './client';

const LONGEST = 3_600_000; // ms; the sidecar's own deadlines are shorter

export interface Progress {
  progress: number;
  total?: number | undefined;
  message?: string | undefined;
}

export type CallState =
  | { step: 'idle' }
  | { step: 'running'; since: number; progress: Progress | null }
  | { step: 'done'; ms: number; result: CallToolResult }
  | { step: 'failed'; ms: number; problem: string };

export interface Caller {
  state: CallState;
  start: (name: string, args: Record<string, unknown>) => void;
  cancel: () => void;
}

export function useCall(): Caller {
  const [state, setState] = useState<CallState>({ step: 'idle' });
  const running = useRef<AbortController>(undefined);
  useEffect(() => () => running.current?.abort(), []);

  const start = (name: string, args: Record<string, unknown>): void => {
    running.current?.abort();
    const abort = (running.current = new AbortController());
    const since = performance.now();
    setState({ step: 'running', since, progress: null });
    const onprogress = (progress: Progress): void => {
      if (running.current === abort) setState({ step: 'running', since, progress });
    };
    const ended = (next: (ms: number) => CallState): void => {
      if (running.current !== abort) return;
      running.current = undefined;
      setState(next(performance.now() - since));
    };
    // Not callTool, which refuses results that do not match the tool's output schema: here they are
    // shown.
    use((client) => client.request({ method: 'tools/call', params: { name, arguments: args } }, { signal: abort.signal, onprogress, timeout: LONGEST, resetTimeoutOnProgress: true })).then(
      (result) => ended((ms) => ({ step: 'done', ms, result: result as CallToolResult })),
      (error: unknown) => ended((ms) => ({ step: 'failed', ms, problem: abort.signal.aborted ? 'Cancelled.' : inWords(error) })),
    );
  };
  return { state, start, cancel: () => running.current?.abort() };
}
