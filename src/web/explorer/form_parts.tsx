// Buttons and rows for the form library, whose own ones need a font that is not embedded.
import type { ArrayFieldItemTemplateProps, IconButtonProps, MultiSchemaFieldTemplateProps, TemplatesType } from '@rjsf/utils';
import ArrayFieldItemButtons from '@rjsf/core/lib/components/templates/ArrayFieldItemButtonsTemplate.js';
import type { JSX } from 'preact';

type Buttons = TemplatesType['ButtonTemplates'];

const button = (label: string, sign: string) =>
  function FormButton({ id, onClick, disabled }: IconButtonProps): JSX.Element {
    return (
      <button type="button" id={id} class="small" disabled={disabled} onClick={onClick as unknown as () => void} aria-label={sign ? label : undefined} title={sign ? label : undefined}>
        {sign || label}
      </button>
    );
  };

function Item({ children, buttonsProps, hasToolbar }: ArrayFieldItemTemplateProps): JSX.Element {
  return (
    <div class="array-item">
      <div>{children as JSX.Element}</div>
      {hasToolbar && (
        <div class="array-item-buttons">
          <ArrayFieldItemButtons {...buttonsProps} />
        </div>
      )}
    </div>
  );
}

// A choice between schemas: the library's select has no label.
const Choice = ({ selector, optionSchemaField }: MultiSchemaFieldTemplateProps): JSX.Element => (
  <div class="panel">
    <label class="form-group">
      Kind {selector as JSX.Element}
    </label>
    {optionSchemaField as JSX.Element}
  </div>
);

export const templates = {
  ArrayFieldItemTemplate: Item,
  MultiSchemaFieldTemplate: Choice,
  ButtonTemplates: {
    AddButton: button('Add', ''),
    CopyButton: button('Copy', '⧉'),
    MoveUpButton: button('Move up', '↑'),
    MoveDownButton: button('Move down', '↓'),
    RemoveButton: button('Remove', '✕'),
    ClearButton: button('Clear', ''),
  } as unknown as Partial<Buttons>,
};
