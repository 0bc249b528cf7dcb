import type { Problem } from '../lib/problem.ts';
import type { Result } from '../lib/result.ts';
import type { Page } from '../ports/page.ts';

type Cell = string | number | boolean | undefined;

/** Spreadsheets take a cell that begins so for a formula, and callers choose their names. */
const formula = /^[=+\-@\t\r\n]/;

/** RFC 4180 §2; what a spreadsheet would calculate is text to it. */
export function csvCell(value: Cell): string {
  if (value === undefined) return '';
  const text = typeof value === 'string' && formula.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export const csvRow = (cells: readonly Cell[]): string => `${cells.map(csvCell).join(',')}\r\n`;

const pageSize = 200;

/**
 * A list as CSV, page by page as it is read. A page that cannot be read ends it with a line that says so: the status has gone
 * out already.
 */
export async function* csvOf<Item extends object>(columns: readonly string[], list: (page: { readonly after?: string; readonly limit: number }) => Promise<Result<Page<Item>, Problem>>): AsyncGenerator<string> {
  yield csvRow(columns);
  let after: string | undefined;
  do {
    const page = await list({ limit: pageSize, ...(after === undefined ? {} : { after }) });
    if (!page.ok) {
      yield csvRow([`incomplete: ${page.error.code}`]);
      return;
    }
    const rows = page.value.items.map((item) => csvRow(columns.map((column) => (item as Readonly<Record<string, Cell>>)[column])));
    yield rows.join('');
    after = page.value.next;
  } while (after !== undefined);
}
