// Points in time as journalctl's --since takes them. A machine's clock runs in UTC.
import { parseTimeSpan } from '#lib/lab/systemd/time-span.ts';

/**
 * `2014-10-24 13:00:00`, `13:00`, `today`, `yesterday`, `now`, `-1h`, `2 hours ago`, `@1414155600` → milliseconds since 1970. Null when it is
 * none of them.
 */
export function parseSince(text: string, now: number): number | null {
  const trimmed = text.trim();
  const midnight = Math.floor(now / dayMs) * dayMs;
  const words: Record<string, number> = { now, today: midnight, yesterday: midnight - dayMs, tomorrow: midnight + dayMs };
  if (Object.hasOwn(words, trimmed)) return words[trimmed]!;
  const epoch = /^@(\d{1,12})$/.exec(trimmed)?.[1];
  if (epoch !== undefined) return Number(epoch) * 1000;
  const ago = /^-(.+)$|^(.+) ago$/.exec(trimmed);
  if (ago) return minus(now, parseTimeSpan(ago[1] ?? ago[2] ?? ''));
  const [, date, time] = /^(?:(\d{4}-\d{2}-\d{2}))?(?:(?:^| |T)(\d{2}:\d{2}(?::\d{2})?))?(?: ?UTC)?$/.exec(trimmed) ?? [];
  if (date === undefined && time === undefined) return null;
  const day = date === undefined ? midnight : Date.parse(`${date}T00:00:00Z`);
  const at = Date.parse(`${new Date(Number.isNaN(day) ? 0 : day).toISOString().slice(0, 10)}T${time ?? '00:00'}Z`);
  return Number.isNaN(day) || Number.isNaN(at) ? null : at;
}

const dayMs = 86_400_000;

function minus(now: number, span: number | null): number | null {
  return span === null || span === Number.POSITIVE_INFINITY ? null : now - span;
}
