// The line at the top: the server's name, state and load.
import type { JSX } from 'preact';

import { duration, rate } from './base/format';
import { logOut } from './live/connection';
import { authEnabled, samples, tick, trouble } from './live/state';
import { Icon, Logo } from './ui/icons';
import { Pill } from './ui/parts';
import { overall } from './views/child_state';

export function Header({ admin }: { admin: boolean }): JSX.Element {
  const now = tick.value;
  const last = samples.value.at(-1);
  const state = trouble.value ? { label: 'no connection', tone: 'bad' as const } : now && overall(now.children);
  return (
    <header class="top">
      <a class="brand" href="#/">
        <Logo />
        <span>
          <h1>{now?.serverInfo?.name ?? 'mcp-sidecar'}</h1>
          {now?.serverInfo && <small>{[now.serverInfo.version, now.protocolVersion && `MCP ${now.protocolVersion}`].filter(Boolean).join(' · ')}</small>}
        </span>
      </a>
      {state && <Pill tone={state.tone}>{state.label}</Pill>}
      {admin && now && (
        <dl class="facts">
          <div>
            <dt>Up</dt>
            <dd>{duration(now.uptime)}</dd>
          </div>
          <div>
            <dt>Calls/s</dt>
            <dd>{last ? rate(last.answered + last.failed) : '–'}</dd>
          </div>
        </dl>
      )}
      {authEnabled.value && (
        <button type="button" class="quiet" onClick={() => logOut()}>
          <Icon name="leave" />
          <span>Log out</span>
        </button>
      )}
    </header>
  );
}
