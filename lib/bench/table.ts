// The results as a Markdown table: what was measured, in whom, the goal, and whether it is met.

export interface Row {
  measure: string;
  /** By the peer's name; null: not measured there. */
  values: Record<string, string | undefined>;
  goal: string;
  met: boolean | null;
}

export function drawTable(peers: string[], rows: Row[]): string {
  const head = ['', ...peers, 'goal', ''];
  const body = rows.map(({ measure, values, goal, met }) => [
    measure,
    ...peers.map((peer) => values[peer] ?? '–'),
    goal,
    met === null ? '' : met ? 'met' : '**missed**',
  ]);
  return [head, head.map(() => '---'), ...body].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** Three digits are more than such a machine can tell apart. */
export function round(value: number): string {
  if (!Number.isFinite(value)) return '–';
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
