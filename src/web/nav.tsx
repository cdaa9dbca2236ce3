import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

import { count } from './base/format';
import { address, route } from './base/route';
import { hello, tick } from './live/state';
import { Icon, type IconName } from './ui/icons';
import { Licences } from './ui/parts';

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
  const list = useRef<HTMLUListElement>(null);
  // On a phone the views are in a row that scrolls.
  useEffect(() => list.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' }), [here]);
  const items = (views: [IconName, string][]): JSX.Element[] =>
    views.map(([view, label]) => (
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
      <ul ref={list}>
        {admin && items(watching)}
        {items(using)}
        <li>
          <a href="docs" target="_blank" rel="noopener">
            <Icon name="docs" />
            API
          </a>
        </li>
      </ul>
      <p class="note">
        {hello.value && `mcp-sidecar ${hello.value.version} · `}
        <Licences />
      </p>
    </nav>
  );
}
