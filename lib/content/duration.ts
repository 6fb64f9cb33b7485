const unitSeconds = { s: 1, m: 60, h: 3600 };
/** Longer than anything in the tutorial; a step that has no end says `never`. */
const maxSeconds = 24 * 3600;

/** `30s`, `5m`, `1h` in seconds; `never` is null; undefined when it is neither. */
export function parseDuration(text: string): number | null | undefined {
  if (text === 'never') return null;
  const [, count, unit] = /^(\d{1,6})([smh])$/.exec(text) ?? [];
  if (!count || !unit) return undefined;
  const seconds = Number(count) * unitSeconds[unit as keyof typeof unitSeconds];
  return seconds > 0 && seconds <= maxSeconds ? seconds : undefined;
}
