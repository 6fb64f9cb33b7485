const tab = 8;

/**
 * Rows as Go's tabwriter writes them with tab width 8, padding 1 and TAB as the padding: a column is as wide as its longest cell
 * and one more, rounded up to a multiple of 8, and is filled with TABs. The last cell of a row is not padded.
 */
export function formatTable(rows: string[][]): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.slice(0, -1).entries()) {
      widths[column] = Math.max(widths[column] ?? 0, Math.ceil((lengthOf(cell) + 1) / tab) * tab);
    }
  }
  const pad = (cell: string, column: number): string => cell + '\t'.repeat(Math.ceil((widths[column]! - lengthOf(cell)) / tab));
  return rows.map((row) => `${row.slice(0, -1).map(pad).join('')}${row.at(-1) ?? ''}\n`).join('');
}

/** Go counts characters, not UTF-16 units. */
function lengthOf(cell: string): number {
  return [...cell].length;
}
