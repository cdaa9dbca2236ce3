// One tool: its description, its arguments as a form or as JSON, a call and its result.
import type { Tool } from '@modelcontextprotocol/client';
import type { RJSFSchema } from '@rjsf/utils';
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';

import { Code, Problem } from '../ui/parts';
import { useCall } from './call';
import { CallView } from './call_view';
import { curlFor } from './curl';
import type { Arguments, SchemaForm as SchemaFormType } from './form';
import { JsonEditor } from './json_editor';
import { JsonTree } from './json_tree';
import { Hints, titleOf } from './tools';

const FORM = 'tool-form';

const hasArguments = (schema: RJSFSchema): boolean => Object.keys(schema.properties ?? {}).length > 0 || ['$ref', 'oneOf', 'anyOf', 'allOf'].some((key) => key in schema);

function useForm(wanted: boolean): { Form?: typeof SchemaFormType; problem?: string } {
  const [state, setState] = useState<{ Form?: typeof SchemaFormType; problem?: string }>({});
  useEffect(() => {
    if (!wanted) return;
    import('./form').then(
      ({ SchemaForm }) => setState({ Form: SchemaForm }),
      () => setState({ problem: 'The form could not be loaded; JSON goes.' }),
    );
  }, [wanted]);
  return state;
}

export function ToolView({ tool }: { tool: Tool }): JSX.Element {
  const schema = tool.inputSchema as RJSFSchema;
  const [args, setArgs] = useState<Arguments>({});
  const [mode, setMode] = useState<'form' | 'json'>('form');
  const [problem, setProblem] = useState('');
  const { Form, problem: noForm } = useForm(hasArguments(schema));
  const { state, start, cancel } = useCall();
  const call = (value: Arguments): void => start(tool.name, value);
  const json = mode === 'json' || !!noForm;
  return (
    <article class="tool">
      <header>
        <h2>{titleOf(tool)}</h2>
        <code>{tool.name}</code>
        <Hints tool={tool} />
      </header>
      {tool.description && <p class="description">{tool.description}</p>}
      {hasArguments(schema) && (
        <div class="choices" role="group" aria-label="How to write the arguments">
          <button type="button" aria-pressed={!json} disabled={!!noForm || !!problem} onClick={() => setMode('form')}>
            Form
          </button>
          <button type="button" aria-pressed={json} onClick={() => setMode('json')}>
            JSON
          </button>
        </div>
      )}
      {noForm && <Problem>{noForm}</Problem>}
      {json ? <JsonEditor value={args} onChange={setArgs} onProblem={setProblem} /> : Form && <Form id={FORM} schema={schema} value={args} onChange={setArgs} onCall={call} />}
      <div class="act">
        {json || !hasArguments(schema) ? (
          <button type="button" class="primary" disabled={!!problem || state.step === 'running'} onClick={() => call(args)}>
            Call
          </button>
        ) : (
          <button type="submit" form={FORM} class="primary" disabled={!Form || state.step === 'running'}>
            Call
          </button>
        )}
        {state.step === 'running' && (
          <button type="button" class="danger" onClick={cancel}>
            Cancel
          </button>
        )}
      </div>
      <CallView state={state} />
      <details>
        <summary>As curl</summary>
        <Code text={curlFor(tool.name, args)} label="The same call with curl" />
      </details>
      <details>
        <summary>Schemas</summary>
        <h3>Input</h3>
        <JsonTree value={tool.inputSchema} />
        {tool.outputSchema && (
          <>
            <h3>Output</h3>
            <JsonTree value={tool.outputSchema} />
          </>
        )}
      </details>
    </article>
  );
}
