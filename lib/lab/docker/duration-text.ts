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
  const units = ['B', 'kB', 'MB', 'GB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${Number(value.toPrecision(3))}${units[unit]}`;
}
