// The wrapped server's processes: health, restarts, last lines of stderr.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import { inWords, request } from '../base/api';
import { count } from '../base/format';
import type { Child } from '../live/types';
import { Confirm, Empty, Panel, Pill, Pre, Problem } from '../ui/parts';
import { stateOf } from './child_state';

function One({ child }: { child: Child }): JSX.Element {
  const { label, tone } = stateOf(child);
  return (
    <li class="child">
      <div class="line">
        <strong>{child.name}</strong>
        <Pill tone={tone}>{label}</Pill>
        {child.own && <Pill title="Serves one session alone">own</Pill>}
      </div>
      <dl class="facts">
        <div>
          <dt>PID</dt>
          <dd>{child.pid ?? '–'}</dd>
        </div>
        <div>
          <dt>Restarts</dt>
          <dd>{count(child.restarts)}</dd>
        </div>
        <div>
          <dt>Sessions</dt>
          <dd>{count(child.sessions)}</dd>
        </div>
        <div>
          <dt>In flight</dt>
          <dd>{count(child.inFlight)}</dd>
        </div>
      </dl>
      {child.problem && <p class="problem">{child.problem}</p>}
      {child.lastExit && <p class="note">Last exit: {child.lastExit}</p>}
      {child.stderr.length > 0 && (
        <details open={tone !== 'good'}>
          <summary>Last words before that ({child.stderr.length})</summary>
          <Pre text={child.stderr.join('\n')} label={`stderr of ${child.name}`} />
        </details>
      )}
    </li>
  );
}

export function Children({ list, command }: { list: Child[]; command: string }): JSX.Element {
  const [problem, setProblem] = useState('');
  const restart = async (): Promise<void> => {
    try {
      await request('restart', { method: 'POST' });
      setProblem('');
    } catch (error) {
      setProblem(inWords(error));
    }
  };
  return (
    <Panel title="Wrapped server" aside={<Confirm label="Restart" question="Restart now?" onConfirm={restart} />}>
      {command && <code class="command">{command}</code>}
      {problem && <Problem>{problem}</Problem>}
      {list.length === 0 ? <Empty title="No process runs">It starts with the next session.</Empty> : <ul class="plain">{list.map((child) => <One key={child.name} child={child} />)}</ul>}
    </Panel>
  );
}
