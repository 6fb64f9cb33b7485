// The lab's own figures: how long things take that a learner waits for, and what it costs while nothing happens.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Finding } from './lab-etcd.ts';
import type { LabWorkspace } from './lab-workspace.ts';
import { cpuSeconds } from './processes.ts';
import { median } from './statistics.ts';
import { round } from './table.ts';

const idleMs = 10_000;
const unit = '[Service]\nExecStart=/bin/sleep 86400\n';

/** The first boot, as the walkthrough has it. */
export async function measureFirstBoot({ shell }: LabWorkspace, machines: number): Promise<Finding> {
  const took = await timed(() => shell('bash vagrant-setup'));
  return { measure: `vagrant-setup, the first boot of ${named(machines)}`, ours: ms(took), goal: '', met: null };
}

/** Boots of machines that have been up before. */
export async function measureBoots({ shell }: LabWorkspace, machines: number, times: number, goal: number): Promise<Finding> {
  const took: number[] = [];
  for (let count = 0; count < times; count += 1) {
    await shell('vagrant halt');
    took.push(await timed(() => shell('vagrant up')));
  }
  return { measure: `vagrant up of ${named(machines)}`, ...atMost(median(took), goal) };
}

function named(machines: number): string {
  return machines === 1 ? 'one machine' : `${machines} machines`;
}

/** From the call of `fleetctl start` for a new unit until it has come back and the cluster says that the unit is active. */
export async function measureUnitStart({ lab, shell, project }: LabWorkspace, times: number): Promise<Finding> {
  const { machines } = await lab.status();
  const { sshPort, etcdPort } = machines[0]!;
  const fleetctl = `fleetctl --tunnel 127.0.0.1:${sshPort} --strict-host-key-checking=false`;
  const took: number[] = [];
  for (let count = 0; count < times; count += 1) {
    const name = `bench-${count}.service`;
    writeFileSync(join(project, name), unit);
    const states = `http://127.0.0.1:${etcdPort}/v2/keys/_coreos.com/fleet/states/${name}?recursive=true`;
    took.push(await timed(() => Promise.all([shell(`${fleetctl} start ${name}`), becomesActive(states)])));
    await shell(`${fleetctl} destroy ${name}`);
  }
  return { measure: 'fleetctl start until active', ...atMost(median(took), 1000) };
}

async function becomesActive(url: string): Promise<void> {
  for (const deadline = performance.now() + 30_000; performance.now() < deadline; await setTimeout(10)) {
    const answer = await fetch(url).then((response) => response.text());
    if (answer.includes('\\"activeState\\":\\"active\\"')) return;
  }
  throw new Error(`The unit did not become active: ${await fetch(url).then((response) => response.text())}`);
}

/** From the start of a command that does nothing to its end. */
export function measureTools({ tools, environment }: LabWorkspace, times: number): Finding[] {
  const commands: [string, string, string][] = [
    [tools.learner, 'fleetctl', 'version'],
    [tools.learner, 'etcdctl', '--version'],
    [tools.learner, 'vagrant', '--version'],
    [tools.machine, 'docker', '--version'],
    [tools.machine, 'systemctl', '--version'],
    [tools.machine, 'journalctl', '--version'],
  ];
  return commands.map(([folder, tool, word]) => {
    const took = Array.from({ length: times }, () => {
      const began = performance.now();
      execFileSync(join(folder, tool), [word], { env: environment });
      return performance.now() - began;
    });
    return { measure: `${tool} ${word}`, ...atMost(median(took), 120) };
  });
}

/** What the processes use while nobody does anything, for each machine. */
export async function measureIdle({ processes }: LabWorkspace, machines: number): Promise<Finding> {
  await setTimeout(2000); // the dust of the boot has settled
  const pids = processes();
  const before = cpuSeconds(pids);
  await setTimeout(idleMs);
  const share = ((cpuSeconds(pids) - before) / (idleMs / 1000) / machines) * 100;
  return { measure: `an idle machine (of ${machines})`, ours: `${round(share)} % of a core`, goal: '< 1 %', met: share < 1 };
}

/** Each page counts for its share of those who have it (PSS), so that what Node's processes have in common counts once. */
export function measureMemory({ processes }: LabWorkspace, machines: number): Finding {
  const pids = processes();
  const inAll = (file: string, field: string) => pids.reduce((sum, pid) => sum + kilobytes(pid, file, field) / 1024, 0);
  const [proportional, resident] = [inAll('smaps_rollup', 'Pss'), inAll('status', 'VmRSS')];
  const what = `${round(proportional)} MB (RSS ${round(resident)} MB) in ${pids.length} process${pids.length === 1 ? '' : 'es'}`;
  return { measure: `memory with ${machines} machines (PSS)`, ours: what, goal: '< 150 MB', met: proportional < 150 };
}

function kilobytes(pid: number, file: string, field: string): number {
  const found = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/${file}`, 'utf8'));
  return Number(found?.[1] ?? Number.NaN);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

function atMost(took: number, goal: number) {
  return { ours: ms(took), goal: `≤ ${goal} ms`, met: took <= goal };
}

function ms(took: number): string {
  return `${took.toFixed(0)} ms`;
}
