// The explorer: tools, resources and prompts of the wrapped server, over the page's own session.
import type { JSX } from 'preact';

import { route } from '../base/route';
import { Prompts } from './prompts';
import { Resources } from './resources';
import { Tools } from './tools';

const views = { tools: Tools, resources: Resources, prompts: Prompts };

export function ExplorerView(): JSX.Element {
  const View = views[route.value.view as keyof typeof views] ?? Tools;
  return <View />;
}
