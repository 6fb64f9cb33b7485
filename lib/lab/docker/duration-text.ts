// Times and sizes in Docker's words.

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

/** `About a minute`, `3 weeks`: always rounded the way `docker ps` does. */
export function durationText(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 1) return 'Less than a second';
  if (seconds === 1) return '1 second';
  if (seconds < minute) return `${seconds} seconds`;
  if (seconds < 2 * minute) return 'About a minute';
  if (seconds < hour) return `${Math.floor(seconds / minute)} minutes`;
  const hours = Math.round(seconds / hour);
  if (hours === 1) return 'About an hour';
  if (hours < 48) return `${hours} hours`;
  if (seconds < 14 * day) return `${Math.floor(hours / 24)} days`;
  if (seconds < 60 * day) return `${Math.floor(hours / 24 / 7)} weeks`;
  if (seconds < 730 * day) return `${Math.floor(hours / 24 / 30)} months`;
  return `${Math.floor(hours / 24 / 365)} years`;
}

/** Decimal units with three significant digits: `1.29kB`. */
export function sizeText(bytes: number): string {
  return scaled(bytes, 1000, 3, ['B', 'kB', 'MB', 'GB', 'TB']);
}

/** Binary units with four significant digits: `23.54GiB`. */
export function binarySizeText(bytes: number): string {
  return scaled(bytes, 1024, 4, ['B', 'KiB', 'MiB', 'GiB', 'TiB']);
}

function scaled(bytes: number, step: number, digits: number, units: string[]): string {
  let value = bytes;
  let unit = 0;
  while (value >= step && unit < units.length - 1) {
    value /= step;
    unit++;
  }
  return `${Number(value.toPrecision(digits))}${units[unit]}`;
}

/** `256m`, `1.5GiB`, `1000` as bytes, the way Docker's options are read: always in steps of 1024. Null when it is no size. */
export function bytesOf(written: string): number | null {
  const match = /^(\d+(?:\.\d+)?) ?([kmgtp]?)(?:i?b)?$/i.exec(written);
  return match ? Math.floor(Number(match[1]) * 1024 ** ' kmgtp'.indexOf(match[2]!.toLowerCase() || ' ')) : null;
}
