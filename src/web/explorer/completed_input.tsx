// A text field for an argument that the server may complete: its proposals are the field's list.
import type { CompleteRequest } from '@modelcontextprotocol/client';
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';

import { use } from './client';

const PAUSE = 200; // ms after the last key

interface Props {
  reference: CompleteRequest['params']['ref'];
  name: string;
  label: string;
  note?: string | undefined;
  required: boolean;
  values: Record<string, string>;
  onChange: (value: string) => void;
}

export function CompletedInput({ reference, name, label, note, required, values, onChange }: Props): JSX.Element {
  const [proposals, setProposals] = useState<string[]>([]);
  const value = values[name] ?? '';
  useEffect(() => {
    let wanted = true;
    const ask = async (): Promise<void> => {
      const { [name]: _, ...others } = values;
      const found = await use(async (client) => {
        if (!client.getServerCapabilities()?.completions) return [];
        return (await client.complete({ ref: reference, argument: { name, value }, context: { arguments: others } })).completion.values;
      });
      if (wanted) setProposals(found);
    };
    // The field works without proposals.
    const timer = setTimeout(() => void ask().catch(() => {}), PAUSE);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [value]);
  const id = `complete-${name}`;
  return (
    <label>
      <span>
        {label} {required && <span class="required">required</span>}
      </span>
      <input list={id} value={value} required={required} autocomplete="off" onInput={(event) => onChange(event.currentTarget.value)} />
      <datalist id={id}>
        {proposals.map((one) => (
          <option key={one} value={one} />
        ))}
      </datalist>
      {note && <small>{note}</small>}
    </label>
  );
}
