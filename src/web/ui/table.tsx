// A table that becomes a list of cards on a phone. Roles are explicit, because `display` removes
// the implicit ones there.
import type { ComponentChildren, JSX } from 'preact';

export interface Column<T> {
  name: string;
  cell: (row: T) => ComponentChildren;
  numeric?: boolean;
  class?: string;
}

interface Props<T> {
  label: string;
  columns: Column<T>[];
  rows: readonly T[];
  keyOf: (row: T) => string | number;
}

export const Table = <T,>({ label, columns, rows, keyOf }: Props<T>): JSX.Element => (
  <div class="table" role="region" aria-label={label} tabIndex={0}>
    <table role="table">
      <thead role="rowgroup">
        <tr role="row">
          {columns.map((column) => (
            <th key={column.name} role="columnheader" scope="col" class={column.numeric ? 'number' : undefined}>
              {column.name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map((row) => (
          <tr key={keyOf(row)} role="row">
            {columns.map((column) => (
              <td key={column.name} role="cell" data-label={column.name} class={[column.numeric && 'number', column.class].filter(Boolean).join(' ') || undefined}>
                {column.cell(row)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  </div>
);
