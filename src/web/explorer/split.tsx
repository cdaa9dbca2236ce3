// A list with search beside the chosen item. A phone shows one of them.
import type { ComponentChildren, JSX } from 'preact';
import { useState } from 'preact/hooks';

import { address } from '../base/route';
import { Icon } from '../ui/icons';
import { Empty, Problem, Search } from '../ui/parts';
import type { List } from './list';

export interface Entry {
  id: string; // as in the address
  name: string;
  note: string;
  marks?: ComponentChildren;
}

interface Props {
  view: string;
  title: string;
  what: string; // plural noun for texts
  list: List<Entry>;
  chosen: string;
  children?: ComponentChildren;
}

export function Split({ view, title, what, list, chosen, children }: Props): JSX.Element {
  const [search, setSearch] = useState('');
  const wanted = search.toLowerCase();
  const shown = (list.items ?? []).filter(({ id, name, note }) => [id, name, note].some((text) => text.toLowerCase().includes(wanted)));
  return (
    <div class={chosen ? 'split chosen' : 'split'}>
      <div class="side">
        <div class="bar">
          <h2>{title}</h2>
          {list.items && <span class="note">{list.items.length}</span>}
          <button type="button" class="quiet" onClick={list.reload}>
            Reload
          </button>
        </div>
        {list.problem && <Problem>{list.problem}</Problem>}
        {!list.items && !list.problem && <Empty title={`Asking for the ${what}`} />}
        {list.items?.length === 0 && <Empty title={`No ${what}`}>The wrapped server offers none, or this key may not see them.</Empty>}
        {list.items && list.items.length > 0 && <Search label={`Search ${what}`} value={search} onInput={setSearch} />}
        {list.items && list.items.length > 0 && shown.length === 0 && <Empty title={`None of the ${what} is like that`} />}
        <ul class="entries">
          {shown.map((entry) => (
            <li key={entry.id}>
              <a href={address(view, entry.id)} aria-current={entry.id === chosen ? 'true' : undefined}>
                <strong>{entry.name}</strong>
                {entry.note && <small>{entry.note}</small>}
                {entry.marks}
              </a>
            </li>
          ))}
        </ul>
      </div>
      <div class="chosen-item">
        <a class="back" href={address(view)}>
          <Icon name="back" /> All {what}
        </a>
        {children}
      </div>
    </div>
  );
}
