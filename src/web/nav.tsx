import type { JSX } from 'preact';

import { address, route } from './base/route';
import { hello, tick } from './live/state';
import { count } from './base/format';
import { Icon, type IconName } from './ui/icons';

const watching: [IconName, string][] = [
  ['overview', 'Overview'],
  ['sessions', 'Sessions'],
  ['calls', 'Calls'],
  ['log', 'Log'],
];
const using: [IconName, string][] = [
  ['tools', 'Tools'],
  ['resources', 'Resources'],
  ['prompts', 'Prompts'],
  ['connect', 'Connect'],
];

export function Nav({ admin }: { admin: boolean }): JSX.Element {
  const here = route.value.view || (admin ? 'overview' : 'tools');
  const items = (list: [IconName, string][]): JSX.Element[] =>
    list.map(([view, label]) => (
      <li key={view}>
        <a href={address(view)} aria-current={here === view ? 'page' : undefined}>
          <Icon name={view} />
          {label}
          {view === 'sessions' && tick.value && <span class="badge">{count(tick.value.sessions)}</span>}
        </a>
      </li>
    ));
  return (
    <nav aria-label="Views">
      <ul>
        {admin && items(watching)}
        {items(using)}
        <li>
          <a href="docs" target="_blank" rel="noopener">
            <Icon name="docs" />
            API
          </a>
        </li>
      </ul>
      {hello.value && <p class="note">mcp-sidecar {hello.value.version}</p>}
    </nav>
  );
}
