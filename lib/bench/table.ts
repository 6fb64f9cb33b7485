// The results as a Markdown table: what was measured, in whom, the goal, and whether it is met.
import type { ScenarioName } from './amounts.ts';

export interface Row {
  /** The scenario that it comes from. */
  of: ScenarioName;
  measure: string;
  /** By the peer's name; missing where it was not measured. */
  values: Record<string, string>;
  /** This app in proportion to whom the goal names. */
  ratio: string;
  goal: string;
  verdict: string;
}

export function drawTable(peers: string[], rows: Row[]): string {
  const head = ['', ...peers, 'ratio', 'goal', ''];
  const body = rows.map(({ measure, values, ratio, goal, verdict }) => [
    measure,
    ...peers.map((peer) => values[peer] ?? ''),
    ratio,
    goal,
    verdict,
  ]);
  return [head, head.map(() => '---'), ...body].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** Whether a figure keeps within its limit; if not, by how much it misses it. */
export function verdict(figure: number, relation: '≤' | '≥', limit: number): string {
  if (!Number.isFinite(figure)) return 'not measured';
  if (relation === '≤' ? figure <= limit : figure >= limit) return 'met';
  const by = limit === 0 ? String(figure) : `${Math.max(1, Math.round(Math.abs(figure / limit - 1) * 100))} %`;
  return `**missed by ${by}**`;
}

/** Three digits are more than such a machine can tell apart. */
export function round(value: number): string {
  if (!Number.isFinite(value)) return '–';
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
