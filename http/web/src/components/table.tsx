// Purpose: a plain table of rows, for the many lists of the insight views.
// Invariant: the first column is the row's heading; names from outside are isolated from the direction around them.
import { Scroll } from './scroll.tsx';
import type { ReactNode } from 'react';

export interface TableColumn<Row> {
  readonly key: string;
  readonly title: string;
  readonly number?: boolean;
  /** hidden where the panel is narrow */
  readonly wide?: boolean;
  readonly cell: (row: Row) => ReactNode;
}

export interface RowTableProps<Row> {
  readonly caption: string;
  readonly columns: readonly TableColumn<Row>[];
  readonly rows: readonly Row[];
  readonly row_key: (row: Row) => string;
  readonly row_class?: (row: Row) => string | undefined;
}

export function RowTable<Row>({ caption, columns, rows, row_key, row_class }: RowTableProps<Row>) {
  const class_of = (column: TableColumn<Row>): string =>
    [column.number ? 'number' : 'col_name', column.wide ? 'wide_only' : ''].join(' ').trim();
  return (
    <Scroll label={caption}>
      <table className="small_table">
        <caption className="hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.key} scope="col" className={class_of(column)}>
                {column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row_key(row)} className={row_class?.(row)}>
              {columns.map((column, index) => {
                const content = <bdi>{column.cell(row)}</bdi>;
                if (index === 0) {
                  return (
                    <th key={column.key} scope="row" className={class_of(column)}>
                      {content}
                    </th>
                  );
                }
                return (
                  <td key={column.key} className={class_of(column)}>
                    {content}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
