// The arguments as JSON: for schemas that a form cannot show, and for people who prefer to type.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import { Problem } from '../ui/parts';
import type { Arguments } from './form';

interface Props {
  value: Arguments;
  onChange: (value: Arguments) => void;
  onProblem: (problem: string) => void; // empty when the text is an object
}

function problemOf(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? '' : 'Arguments are one JSON object: { … }';
  } catch (error) {
    return error instanceof Error ? error.message : 'This is not JSON.';
  }
}

export function JsonEditor({ value, onChange, onProblem }: Props): JSX.Element {
  const [text, setText] = useState(() => JSON.stringify(value, null, 2));
  const problem = problemOf(text);
  const input = (written: string): void => {
    setText(written);
    const found = problemOf(written);
    onProblem(found);
    if (!found) onChange(JSON.parse(written) as Arguments);
  };
  return (
    <label class="json-editor">
      Arguments
      <textarea rows={Math.min(24, Math.max(6, text.split('\n').length + 1))} spellcheck={false} aria-invalid={!!problem} value={text} onInput={(event) => input(event.currentTarget.value)} />
      {problem && <Problem>{problem}</Problem>}
    </label>
  );
}
