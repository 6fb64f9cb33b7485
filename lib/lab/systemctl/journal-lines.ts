// The end of a unit's journal, as `systemctl status` shows it below the unit.
import { formatEntry, type JournalSource } from '#lib/lab/journal/format.ts';
import type { JournalEntry } from '#lib/lab/journal/journal.ts';
import type { JournalHeader } from '#lib/lab/systemd/api.ts';
import { askLines } from '#lib/lab/systemd/client.ts';
import { print } from './console.ts';

/** @param full whether lines may be longer than a terminal is wide */
export async function printJournal(unit: string, lines: number, full: boolean): Promise<void> {
  if (!(lines > 0)) return;
  const width = process.stdout.isTTY && !full ? (process.stdout.columns ?? 80) : Number.POSITIVE_INFINITY;
  let source: JournalSource | null = null;
  let text = '';
  let shortened = false;
  for await (const line of askLines(`/journal?unit=${encodeURIComponent(unit)}&lines=${lines}&boot=1`)) {
    if (source === null) {
      source = line as JournalHeader;
      continue;
    }
    const formatted = formatEntry(line as JournalEntry, 'short', source);
    shortened ||= formatted.length > width;
    text += `${shorten(formatted, width)}\n`;
  }
  if (text !== '') print(`\n${text}`);
  if (shortened) print('Hint: Some lines were ellipsized, use -l to show in full.\n');
}

/** Leaves out the middle, most of it before the end, as systemctl does. */
function shorten(text: string, width: number): string {
  if (text.length <= width) return text;
  const head = Math.floor((width - 3) * 0.9);
  return `${text.slice(0, head)}...${text.slice(text.length - (width - 3 - head))}`;
}
