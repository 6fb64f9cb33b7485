// list-machines, list-units and list-unit-files: the same table over different things.
import type { FleetMachine, FleetUnit, FleetUnitState } from '#lib/cluster/fleet-client.ts';
import { isGlobal, unitHash, valuesOf } from '#lib/cluster/unit-file.ts';
import { CommandFailure, machineFullLegend, machineLegend, orFail, type Run } from './run.ts';
import { formatTable } from './tabwriter.ts';
import { fleetError } from './wording.ts';

const retrieval = 'Error retrieving list of units from repository';

type Fields<Item> = Record<string, (item: Item, full: boolean, machines: FleetMachine[]) => string>;

const machineFields: Fields<FleetMachine> = {
  machine: ({ id }, full) => machineLegend(id, full),
  ip: ({ primaryIP }) => primaryIP || '-',
  metadata: ({ metadata }) =>
    Object.entries(metadata)
      .map(([key, value]) => `${key}=${value}`)
      .sort()
      .join(',') || '-',
};

const stateFields: Fields<FleetUnitState> = {
  unit: ({ name }) => name,
  load: ({ systemdLoadState }) => systemdLoadState || '-',
  active: ({ systemdActiveState }) => systemdActiveState || '-',
  sub: ({ systemdSubState }) => systemdSubState || '-',
  machine: ({ machineID }, full, machines) => (machineID ? machineFullLegend(machineID, machines, full) : '-'),
  hash: ({ hash }, full) => (full ? hash : hash.slice(0, 7)) || '-',
};

const target: Fields<FleetUnit>[string] = ({ options, machineID }, full, machines) => {
  if (isGlobal(options)) return 'global';
  return machineID ? machineFullLegend(machineID, machines, full) : '-';
};

const unitFields: Fields<FleetUnit> = {
  unit: ({ name }) => name,
  global: ({ options }) => String(isGlobal(options)),
  dstate: ({ desiredState }) => desiredState || '-',
  state: ({ options, currentState }) => (isGlobal(options) ? '-' : currentState || '-'),
  target,
  tmachine: target,
  hash: ({ options }, full) => (full ? unitHash(options) : unitHash(options).slice(0, 7)),
  desc: ({ options }) => valuesOf(options, 'Unit', 'Description')[0] || '-',
};

export async function listMachines(run: Run): Promise<number> {
  const columns = readColumns(run, machineFields);
  try {
    const machines = await run.connection.fleet.machines();
    print(run, columns, machineFields, machines, []);
    return 0;
  } catch (error) {
    throw new CommandFailure(
      `Error retrieving list of active machines from fleet API (${fleetError(error)})\n` +
        'Possible issues:\n  etcd is unhealthy and/or lost quorum\n  connection cannot be established to any etcd servers',
    );
  }
}

export async function listUnits(run: Run): Promise<number> {
  const columns = readColumns(run, stateFields);
  const states = await orFail(run.connection.fleet.states(), retrieval);
  const machines = columns.includes('machine') ? await run.connection.fleet.machines().catch(() => []) : [];
  print(run, columns, stateFields, states, machines);
  return 0;
}

export async function listUnitFiles(run: Run): Promise<number> {
  const columns = readColumns(run, unitFields);
  if (columns.includes('tmachine')) run.console.error('WARNING: The "tmachine" field is deprecated. Use "target" instead\n');
  const units = await orFail(run.connection.fleet.units(), retrieval);
  const machines = columns.some((column) => unitFields[column] === target) ? await run.connection.fleet.machines().catch(() => []) : [];
  print(run, columns, unitFields, units, machines);
  return 0;
}

function readColumns<Item>({ flags }: Run, fields: Fields<Item>): string[] {
  if (flags.text('fields') === '') throw new CommandFailure('Must define output format');
  const columns = flags.text('fields').split(',');
  const wrong = columns.find((column) => !Object.hasOwn(fields, column));
  if (wrong !== undefined) throw new CommandFailure(`Invalid key in output format: ${JSON.stringify(wrong)}`);
  return columns;
}

function print<Item>({ flags, console }: Run, columns: string[], fields: Fields<Item>, items: Item[], machines: FleetMachine[]): void {
  const heading = flags.has('no-legend') ? [] : [columns.map((column) => column.toUpperCase())];
  const rows = items.map((item) => columns.map((column) => fields[column]!(item, flags.has('full'), machines)));
  console.out(formatTable([...heading, ...rows]));
}
