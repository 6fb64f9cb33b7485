// `npm run bench -- lab [--quick] [--etcd-only]`: the lab's own figures, and its etcd against the real one.
import { cpus, loadavg } from 'node:os';
import { benchDiscovery, benchEtcd, type Finding } from './lab-etcd.ts';
import { measureBoots, measureFirstBoot, measureIdle, measureMemory, measureTools, measureUnitStart } from './lab-figures.ts';
import { type LabWorkspace, openLabWorkspace } from './lab-workspace.ts';

/** A full run takes about four minutes, a quick one about one and a half. */
const amounts = {
  full: { rounds: 5, ms: 1500, times: 5 },
  quick: { rounds: 2, ms: 500, times: 3 },
};

/** @param programs where the bundled programs lie */
export async function benchLab(programs: string, words: string[]): Promise<void> {
  const unknown = words.filter((word) => word !== '--quick' && word !== '--etcd-only');
  if (unknown.length > 0) throw new Error(`${unknown[0]} is not an option of this: there are --quick and --etcd-only.`);
  const { times, ...etcd } = words.includes('--quick') ? amounts.quick : amounts.full;
  const etcdOnly = words.includes('--etcd-only');
  const busyBefore = loadavg()[0] as number;
  const rows: Finding[] = [];

  await withLab(programs, 1, async (workspace) => {
    console.error('One machine …');
    rows.push({ measure: 'the lab itself, first start', ours: `${workspace.startTook.toFixed(0)} ms`, goal: '', met: null });
    rows.push(await measureFirstBoot(workspace, 1));
    if (!etcdOnly) {
      rows.push(await measureBoots(workspace, 1, times, 300));
      rows.push(await measureIdle(workspace, 1));
      rows.push(await measureUnitStart(workspace, times));
      rows.push(...measureTools(workspace, 2 * times + 1));
    }
    const { machines, discovery } = await workspace.lab.status();
    rows.push(...(await benchEtcd(machines[0]!.etcdPort as number, etcd)));
    rows.push(await benchDiscovery(await workspace.shell(`curl -fsS '${discovery}/new'`), etcd.ms));
  });
  if (!etcdOnly) {
    await withLab(programs, 3, async (workspace) => {
      console.error('Three machines …');
      rows.push(await measureFirstBoot(workspace, 3));
      rows.push(await measureBoots(workspace, 3, times, 600));
      rows.push(await measureIdle(workspace, 3));
      rows.push(measureMemory(workspace, 3));
    });
  }

  console.log(draw(rows.filter(({ met }) => !etcdOnly || met !== null)));
  console.log(`\nMedians; ${cpus().length} cores, load ${busyBefore.toFixed(1)} before and ${loadavg()[0]!.toFixed(1)} after.`);
  if (busyBefore > 0.5) console.log('The computer was busy with other things: measure again when it is quiet.');
}

async function withLab(programs: string, machines: number, work: (workspace: LabWorkspace) => Promise<void>): Promise<void> {
  const workspace = await openLabWorkspace(programs, machines);
  try {
    await work(workspace);
  } finally {
    await workspace.close();
  }
}

/** A table of Markdown whose columns also stand below each other in a terminal. */
function draw(rows: Finding[]): string {
  const verdict = (met: boolean | null) => (met === null ? '' : met ? 'met' : '**missed**');
  const cells = [
    ['', 'etcd 3.4', 'this lab', 'goal', ''],
    ...rows.map(({ measure, real = '', ours, goal, met }) => [measure, real, ours, goal, verdict(met)]),
  ];
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length), 3));
  const line = (row: string[], fill = ' ') => `| ${row.map((cell, column) => cell.padEnd(widths[column]!, fill)).join(' | ')} |`;
  const [head, ...body] = cells;
  return [line(head!), line(['', '', '', '', ''], '-'), ...body.map((row) => line(row))].join('\n');
}
