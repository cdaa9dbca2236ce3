// A form for a tool's input schema. A chunk of its own: the form library is loaded with the first
// tool that has arguments.
import Form from '@rjsf/core/lib/components/Form.js';
import type { RJSFSchema, UiSchema } from '@rjsf/utils';
import type { JSX } from 'preact';

import { templates } from './form_parts';
import { validator } from './validator';

export type Arguments = Record<string, unknown>;

interface Props {
  id: string;
  schema: RJSFSchema;
  value: Arguments;
  onChange: (value: Arguments) => void;
  onCall: (value: Arguments) => void;
}

const ui: UiSchema = { 'ui:submitButtonOptions': { norender: true }, 'ui:title': ' ', 'ui:description': ' ' };

export function SchemaForm({ id, schema, value, onChange, onCall }: Props): JSX.Element {
  return (
    <Form
      id={id}
      className="schema"
      idPrefix="arg"
      schema={schema}
      uiSchema={ui}
      validator={validator}
      templates={templates as never}
      formData={value}
      onChange={({ formData }: { formData?: Arguments }) => onChange(formData ?? {})}
      onSubmit={({ formData }: { formData?: Arguments }) => onCall(formData ?? {})}
      onError={() => {}} // the fields show errors; by default the library logs them
      noHtml5Validate
      showErrorList={false}
      focusOnFirstError
    />
  ) as JSX.Element;
}
