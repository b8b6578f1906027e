// Purpose: the figures of a chart as a table: what the table view, the text alternative and the export show.
// Invariants: pure. A CSV cell that a spreadsheet would take for a formula gets an apostrophe before it: after = + - @ or
// their full-width forms, tab, carriage return, line feed (OWASP, "CSV Injection"). null is an empty cell: nothing is known.

export type Cell = string | number | null;

export interface Column {
  readonly name: string;
  /** how a cell reads on the page; the export keeps the cell itself */
  readonly show?: (cell: string | number) => string;
  readonly number?: boolean;
  /** the address of what a row counts */
  readonly link?: (row: readonly Cell[], index: number) => string | undefined;
}

export interface TableModel {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Cell[])[];
}

export function shown_cell(column: Column | undefined, cell: Cell | undefined): string {
  if (cell === null || cell === undefined) return '–';
  return column?.show ? column.show(cell) : String(cell);
}

function csv_cell(cell: Cell): string {
  if (cell === null) return '';
  if (typeof cell === 'number') return String(cell);
  const safe = /^[=+\-@\uff1d\uff0b\uff0d\uff20\t\r\n]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** RFC 4180, with the mark by which spreadsheets know UTF-8. */
export function csv_of({ columns, rows }: TableModel): string {
  const lines = [columns.map((column) => column.name), ...rows].map((row) => row.map(csv_cell).join(','));
  return `\ufeff${lines.join('\r\n')}\r\n`;
}

export function file_name(title: string, ending: string, now = new Date()): string {
  const words = title.normalize('NFKD').toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, '-');
  return `troupe-${words.replaceAll(/^-|-$/g, '')}-${now.toISOString().slice(0, 16).replaceAll(':', '')}.${ending}`;
}
