// Whether an app that did the same over and over is what it was: memory, open files and processes.

/** Taken when a round is over and nothing runs. */
export interface Sample {
  /** Minutes since the first round began. */
  at: number;
  /** All processes of the app. */
  processes: number;
  /** By the program's name: resident memory in MB and open files. */
  programs: Record<string, { memory: number; files: number }>;
}

/** MB per minute. */
const steepest = 1;
/** MB that a heap may grow by before its next collection; in a short run that alone would be a steep slope. */
const noise = 24;
/** Connections that are kept for a while. */
const spareFiles = 3;

/** Rounds behind the warm-up. */
const fewest = 4;

/** Whether there are enough samples for `findGrowth`. */
export function canTell(samples: Sample[], warmUp: number): boolean {
  return samples.filter(({ at }) => at >= warmUp).length >= fewest;
}

/** Sentences about what grew; empty when all is flat. `warmUp`: minutes that do not count. */
export function findGrowth(samples: Sample[], warmUp: number): string[] {
  const counted = samples.filter(({ at }) => at >= warmUp);
  if (!canTell(samples, warmUp))
    return [`Only ${counted.length} rounds were played after the warm-up: too few to tell. Give it more minutes.`];
  const span = counted.at(-1)!.at - counted[0]!.at;
  const programs = Object.keys(counted[0]!.programs);
  const growth: string[] = [];
  for (const name of programs) {
    const slope = slopeOf(counted.map(({ at, programs: all }) => [at, all[name]?.memory ?? 0]));
    if (slope > steepest && slope * span > noise)
      growth.push(`${name} grew by ${slope.toFixed(1)} MB a minute, ${(slope * span).toFixed(0)} MB in all; ${steepest} is the limit.`);
    const files = rise(counted.map(({ programs: all }) => all[name]?.files ?? 0));
    if (files > spareFiles) growth.push(`${name} has ${files} open files more than at the beginning.`);
  }
  const processes = rise(counted.map((sample) => sample.processes));
  if (processes > 0) growth.push(`There are ${processes} processes more than at the beginning.`);
  return growth;
}

/** By least squares. */
export function slopeOf(points: [x: number, y: number][]): number {
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [middleX, middleY] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))];
  const spread = points.reduce((sum, [x]) => sum + (x - middleX) ** 2, 0);
  return spread === 0 ? 0 : points.reduce((sum, [x, y]) => sum + (x - middleX) * (y - middleY), 0) / spread;
}

/** How much more the last third has than the first; what comes and goes does not count. */
function rise(values: number[]): number {
  const third = Math.ceil(values.length / 3);
  return Math.min(...values.slice(-third)) - Math.max(...values.slice(0, third));
}
