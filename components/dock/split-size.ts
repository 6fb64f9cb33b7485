/** A pane's share of its container in percent; it is measured from the container's end (right or bottom edge). */
export interface Limits {
  min: number;
  max: number;
}

export function sizeAt(pointer: number, container: { start: number; length: number }, limits: Limits): number {
  if (container.length <= 0) return limits.min;
  return clamp(((container.start + container.length - pointer) / container.length) * 100, limits);
}

/** The size after a key, or null when the key means nothing to a splitter. Arrows move the bar, so they grow the pane towards its start. */
export function sizeAfterKey(key: string, large: boolean, size: number, limits: Limits): number | null {
  const step = large ? 10 : 2;
  switch (key) {
    case 'ArrowLeft':
    case 'ArrowUp':
      return clamp(size + step, limits);
    case 'ArrowRight':
    case 'ArrowDown':
      return clamp(size - step, limits);
    case 'Home':
      return limits.max;
    case 'End':
      return limits.min;
    default:
      return null;
  }
}

function clamp(size: number, { min, max }: Limits): number {
  return Math.round(Math.min(max, Math.max(min, size)) * 10) / 10;
}
