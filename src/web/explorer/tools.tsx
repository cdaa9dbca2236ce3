import type { Client, Tool } from '@modelcontextprotocol/client';
import type { JSX } from 'preact';

import { route } from '../base/route';
import { Empty, Pill } from '../ui/parts';
import { useList } from './list';
import { Split } from './split';
import { ToolView } from './tool';

const load = async (client: Client): Promise<Tool[]> => (await client.listTools(undefined, { cacheMode: 'bypass' })).tools;
export const titleOf = (tool: Tool): string => tool.title || tool.annotations?.title || tool.name;

// Annotations of the tool; missing ones are not shown.
export function Hints({ tool }: { tool: Tool }): JSX.Element {
  const { readOnlyHint, destructiveHint, idempotentHint, openWorldHint } = tool.annotations ?? {};
  return (
    <span class="hints">
      {readOnlyHint && <Pill tone="good" title="Does not change anything">read-only</Pill>}
      {destructiveHint && !readOnlyHint && <Pill tone="bad" title="May delete or overwrite">destructive</Pill>}
      {idempotentHint && <Pill title="Calling it again changes nothing more">idempotent</Pill>}
      {openWorldHint && <Pill title="Deals with things outside of the server">open world</Pill>}
    </span>
  );
}

export function Tools(): JSX.Element {
  const tools = useList(load);
  const chosen = route.value.item;
  const tool = tools.items?.find(({ name }) => name === chosen);
  const list = {
    ...tools,
    items: tools.items && tools.items.map((one) => ({ id: one.name, name: one.name, note: one.description ?? titleOf(one), marks: <Hints tool={one} /> })),
  };
  return (
    <Split view="tools" title="Tools" what="tools" list={list} chosen={chosen}>
      {tool && <ToolView key={tool.name} tool={tool} />}
      {!chosen && <Empty title="Choose a tool">Its form, a call and the result come here.</Empty>}
      {chosen && tools.items && !tool && <Empty title={`No tool is named ${chosen}`} />}
    </Split>
  );
}
