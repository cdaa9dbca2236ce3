import { UriTemplate, type Client, type ReadResourceResult } from '@modelcontextprotocol/client';
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';

import { route } from '../base/route';
import { Empty, Pill, Problem } from '../ui/parts';
import { useAsked } from './asked';
import { CompletedInput } from './completed_input';
import { ResourceContents } from './content';
import { useList } from './list';
import { Split } from './split';

interface Known {
  id: string; // URI, or template
  template: boolean;
  name: string;
  description: string;
  type: string;
}

const bypass = { cacheMode: 'bypass' } as const;

async function load(client: Client): Promise<Known[]> {
  if (!client.getServerCapabilities()?.resources) return [];
  const { resources } = await client.listResources(undefined, bypass);
  // Older servers do not know the method.
  const { resourceTemplates } = await client.listResourceTemplates(undefined, bypass).catch(() => ({ resourceTemplates: [] }));
  const described = (one: { title?: string | undefined; name: string; description?: string | undefined; mimeType?: string | undefined }, id: string, template: boolean): Known => ({
    id,
    template,
    name: one.title || one.name,
    description: one.description ?? '',
    type: one.mimeType ?? '',
  });
  return [...resources.map((one) => described(one, one.uri, false)), ...resourceTemplates.map((one) => described(one, one.uriTemplate, true))];
}

function Read({ uri }: { uri: string }): JSX.Element {
  const { answer, problem, busy, ask } = useAsked<ReadResourceResult>();
  const read = (): void => ask((client) => client.readResource({ uri }, bypass));
  useEffect(read, [uri]);
  return (
    <>
      <div class="act">
        <button type="button" disabled={busy} onClick={read}>
          Read again
        </button>
      </div>
      {problem && <Problem>{problem}</Problem>}
      {answer?.contents.map((contents, index) => <ResourceContents key={index} contents={contents} />)}
      {answer?.contents.length === 0 && <Empty title="Nothing is in it" />}
    </>
  );
}

function Template({ template }: { template: string }): JSX.Element {
  const [values, setValues] = useState<Record<string, string>>({});
  const [uri, setUri] = useState('');
  const parsed = new UriTemplate(template);
  return (
    <>
      <form
        class="plain-form"
        onSubmit={(event) => {
          event.preventDefault();
          setUri(parsed.expand(values));
        }}
      >
        {parsed.variableNames.map((name) => (
          <CompletedInput key={name} reference={{ type: 'ref/resource', uri: template }} name={name} label={name} required={false} values={values} onChange={(value) => setValues((before) => ({ ...before, [name]: value }))} />
        ))}
        <button type="submit" class="primary">
          Read
        </button>
      </form>
      {uri && <Read uri={uri} />}
    </>
  );
}

export function Resources(): JSX.Element {
  const known = useList(load);
  const chosen = route.value.item;
  const one = known.items?.find(({ id }) => id === chosen);
  const list = {
    ...known,
    items: known.items && known.items.map(({ id, name, description, type, template }) => ({ id, name, note: description || id, marks: <span class="hints">{template && <Pill>template</Pill>}{type && <Pill>{type}</Pill>}</span> })),
  };
  return (
    <Split view="resources" title="Resources" what="resources" list={list} chosen={chosen}>
      {chosen ? (
        <article key={chosen}>
          <header>
            <h2>{one?.name ?? 'Resource'}</h2>
            <code>{chosen}</code>
          </header>
          {one?.description && <p class="description">{one.description}</p>}
          {one?.template ? <Template template={chosen} /> : <Read uri={chosen} />}
        </article>
      ) : (
        <Empty title="Choose a resource">Its contents come here.</Empty>
      )}
    </Split>
  );
}
