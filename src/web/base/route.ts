// The page's location: #/view/item. The item is a name that the wrapped server chose, so it is
// encoded.
import { signal } from '@preact/signals';

import { takeStartToken } from './key';

export interface Route {
  view: string;
  item: string;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function parse(hash: string): Route {
  const [view = '', ...rest] = hash.replace(/^#\/?/, '').split('/');
  return { view, item: decoded(rest.join('/')) };
}

takeStartToken();
export const route = signal<Route>(parse(location.hash));
addEventListener('hashchange', () => {
  takeStartToken();
  route.value = parse(location.hash);
});

export const address = (view: string, item = ''): string => `#/${view}${item ? `/${encodeURIComponent(item)}` : ''}`;
