// Where units run: pure decisions over what the registry holds.
import { matchesGlob } from './glob.ts';
import type { Job } from './job-index.ts';
import type { Machine } from './registry-values.ts';
import { partsOfName } from './unit-name.ts';

export type Decision = { unschedule: string } | { schedule: string; machineId: string };

/** Decides in fleet's order: first what has to leave its machine, then each unit without one goes to the least loaded that suits it. */
export function decide(machines: readonly Machine[], jobs: readonly Job[]): Decision[] {
  const decisions: Decision[] = [];
  const scheduled = new Map(machines.map(({ id }) => [id, new Map<string, Job>()]));
  const ordinary = jobs.filter(({ name, requirements }) => !requirements.global && !partsOfName(name).isTemplate);
  for (const job of ordinary) if (job.target !== undefined) scheduled.get(job.target)?.set(job.name, job);

  for (const job of ordinary) {
    if (job.target === undefined) continue;
    const here = scheduled.get(job.target);
    const machine = machines.find(({ id }) => id === job.target);
    if (job.targetState !== 'inactive' && machine && here && canRun(job, machine, [...here.values()])) continue;
    here?.delete(job.name);
    decisions.push({ unschedule: job.name });
  }

  const byLoad = () => [...machines].sort((a, b) => scheduled.get(a.id)!.size - scheduled.get(b.id)!.size || (a.id < b.id ? -1 : 1));
  const jobsOn = ({ id }: Machine) => [...scheduled.get(id)!.values()];
  const schedule = (job: Job, { id }: Machine) => {
    scheduled.get(id)!.set(job.name, job);
    decisions.push({ schedule: job.name, machineId: id });
  };
  const unscheduled = new Set(decisions.map((decision) => 'unschedule' in decision && decision.unschedule));
  for (const job of ordinary) {
    if (job.targetState === 'inactive' || (job.target !== undefined && !unscheduled.has(job.name))) continue;
    const able = byLoad().filter((machine) => canRun(job, machine, jobsOn(machine)));
    const machine = able.find((each) => !isReplaced(job, jobsOn(each))) ?? able[0];
    if (machine) schedule(job, machine);
  }

  // Last, what is replaced makes room, if another machine can take it.
  for (const job of ordinary) {
    const current = machines.find(({ id }) => scheduled.get(id)!.has(job.name));
    if (!current || !isReplaced(job, jobsOn(current))) continue;
    const machine = byLoad().find((each) => each !== current && canRun(job, each, jobsOn(each)) && !isReplaced(job, jobsOn(each)));
    if (!machine) continue;
    scheduled.get(current.id)!.delete(job.name);
    decisions.push({ unschedule: job.name });
    schedule(job, machine);
  }
  return decisions;
}

/** Whether one of the units here names it in Replaces=; two that name each other mean nothing by it. */
function isReplaced(job: Job, here: readonly Job[]): boolean {
  const replaces = (one: Job, other: Job) => one.requirements.replaces.some((glob) => matchesGlob(glob, other.name));
  return here.some((other) => other.name !== job.name && replaces(other, job) && !replaces(job, other));
}

/** Whether the machine meets the unit's requirements, given the other units on it. */
export function canRun({ name, requirements }: Job, machine: Machine, here: readonly Job[]): boolean {
  const { machineId, machineOf, metadata, conflicts } = requirements;
  if (machineId !== undefined && machineId !== machine.id && machineId !== machine.id.slice(0, 8)) return false;
  for (const [key, wanted] of metadata) {
    if (!Object.hasOwn(machine.metadata, key) || !wanted.has(machine.metadata[key]!)) return false;
  }
  if (!machineOf.every((peer) => here.some((job) => job.name === peer))) return false;
  return !here.some(
    (job) =>
      job.name !== name &&
      (conflicts.some((glob) => matchesGlob(glob, job.name)) || job.requirements.conflicts.some((glob) => matchesGlob(glob, name))),
  );
}
