// Time spans as systemd.time(7) writes them.

const units: [pattern: RegExp, milliseconds: number][] = [
  [/^(usec|us|µs)$/, 0.001],
  [/^(msec|ms)$/, 1],
  [/^(seconds|second|sec|s|)$/, 1000],
  [/^(minutes|minute|min|m)$/, 60_000],
  [/^(hours|hour|hr|h)$/, 3_600_000],
  [/^(days|day|d)$/, 86_400_000],
  [/^(weeks|week|w)$/, 604_800_000],
  [/^(months|month|M)$/, 2_629_800_000],
  [/^(years|year|y)$/, 31_557_600_000],
];

/** `90`, `1min 30s`, `100ms`, `infinity` → milliseconds (Infinity for no end); a number without unit counts seconds. Null: not a time span. */
export function parseTimeSpan(text: string): number | null {
  const trimmed = text.trim();
  if (trimmed === 'infinity') return Number.POSITIVE_INFINITY;
  const part = /(\d+(?:\.\d+)?)\s*([a-zA-Zµ]*)\s*/y;
  let sum = 0;
  do {
    const [, amount, name = ''] = part.exec(trimmed) ?? [];
    const unit = units.find(([pattern]) => pattern.test(name));
    if (amount === undefined || !unit) return null;
    sum += Number(amount) * unit[1];
  } while (part.lastIndex < trimmed.length);
  return sum;
}

/** Milliseconds as systemd prints them: `1min 30s`, `100ms`, `infinity`. */
export function formatTimeSpan(milliseconds: number): string {
  if (milliseconds === Number.POSITIVE_INFINITY) return 'infinity';
  if (milliseconds < 1) return '0';
  const parts: string[] = [];
  let rest = Math.round(milliseconds);
  for (const [name, size] of [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['min', 60_000],
    ['s', 1000],
    ['ms', 1],
  ] as const) {
    if (rest >= size) parts.push(`${Math.floor(rest / size)}${name}`);
    rest %= size;
  }
  return parts.join(' ');
}
