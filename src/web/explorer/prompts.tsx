import type { Client, GetPromptResult, Prompt } from '@modelcontextprotocol/client';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import { route } from '../base/route';
import { Empty, Pill, Problem } from '../ui/parts';
import { useAsked } from './asked';
import { CompletedInput } from './completed_input';
import { Block } from './content';
import { useList } from './list';
import { Split } from './split';

async function load(client: Client): Promise<Prompt[]> {
  if (!client.getServerCapabilities()?.prompts) return [];
  return (await client.listPrompts(undefined, { cacheMode: 'bypass' })).prompts;
}

function PromptView({ prompt }: { prompt: Prompt }): JSX.Element {
  const [values, setValues] = useState<Record<string, string>>({});
  const { answer, problem, busy, ask } = useAsked<GetPromptResult>();
  const get = (event: SubmitEvent): void => {
    event.preventDefault();
    // Empty arguments are left out.
    const said = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ''));
    ask((client) => client.getPrompt({ name: prompt.name, arguments: said }));
  };
  return (
    <article>
      <header>
        <h2>{prompt.title || prompt.name}</h2>
        <code>{prompt.name}</code>
      </header>
      {prompt.description && <p class="description">{prompt.description}</p>}
      <form class="plain-form" onSubmit={get}>
        {prompt.arguments?.map((one) => (
          <CompletedInput
            key={one.name}
            reference={{ type: 'ref/prompt', name: prompt.name }}
            name={one.name}
            label={one.name}
            note={one.description}
            required={one.required ?? false}
            values={values}
            onChange={(value) => setValues((before) => ({ ...before, [one.name]: value }))}
          />
        ))}
        <button type="submit" class="primary" disabled={busy}>
          Get
        </button>
      </form>
      {problem && <Problem>{problem}</Problem>}
      {answer && (
        <section class="result" aria-label="Result">
          {answer.description && <p>{answer.description}</p>}
          {answer.messages.map((message, index) => (
            <div key={index} class="message">
              <Pill>{message.role}</Pill>
              <Block block={message.content} />
            </div>
          ))}
        </section>
      )}
    </article>
  );
}

export function Prompts(): JSX.Element {
  const prompts = useList(load);
  const chosen = route.value.item;
  const prompt = prompts.items?.find(({ name }) => name === chosen);
  const list = { ...prompts, items: prompts.items && prompts.items.map((one) => ({ id: one.name, name: one.name, note: one.description ?? one.title ?? '' })) };
  return (
    <Split view="prompts" title="Prompts" what="prompts" list={list} chosen={chosen}>
      {prompt && <PromptView key={prompt.name} prompt={prompt} />}
      {!chosen && <Empty title="Choose a prompt">What it makes of its arguments comes here.</Empty>}
      {chosen && prompts.items && !prompt && <Empty title={`No prompt is named ${chosen}`} />}
    </Split>
  );
}
