// The commands that run something on a machine: status, journal and ssh.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FleetUnit } from '#lib/cluster/fleet-client.ts';
import { isGlobal, unitNameOf } from '#lib/cluster/unit-file.ts';
import { runRemote } from './remote.ts';
import { CommandFailure, orFail, type Run } from './run.ts';
import { fleetError } from './wording.ts';

export async function printJournal(run: Run): Promise<number> {
  const [word, ...more] = run.words;
  if (word === undefined || more.length > 0) throw new CommandFailure('One unit file must be provided.');
  const name = unitNameOf(word);
  const unit = await orFail(run.connection.fleet.unit(name), `Error retrieving unit ${name}`);
  if (unit === null) throw new CommandFailure(`Unit ${name} does not exist.`);
  if (isGlobal(unit.options)) throw new CommandFailure(`Unable to retrieve journal of global unit ${name}.`);
  if (unit.currentState === 'inactive' || unit.machineID === '') throw new CommandFailure(`Unit ${name} does not appear to be running.`);
  const { flags } = run;
  const command = ['journalctl', '--unit', name, '--no-pager', '-n', String(flags.number('lines')), '--output', flags.text('output')];
  if (flags.has('follow')) command.push('-f');
  if (flags.has('sudo')) command.unshift('sudo');
  return runOnMachine(run, unit.machineID, command);
}

export async function printStatus(run: Run): Promise<number> {
  let first = true;
  for (const name of run.words.map(unitNameOf)) {
    const unit = await orFail(run.connection.fleet.unit(name), 'Error retrieving unit');
    if (unit === null) throw new CommandFailure(`Unit ${name} does not exist.`);
    if (!isGlobal(unit.options) && unit.currentState === 'inactive') throw new CommandFailure(`Unit ${name} does not appear to be loaded.`);
    for (const machine of await machinesOf(run, unit)) {
      if (!first) run.console.out('\n');
      first = false;
      const status = await runOnMachine(run, machine, ['systemctl', 'status', '-l', name]);
      if (status !== 0) return status;
    }
  }
  return 0;
}

async function machinesOf(run: Run, { name, options, machineID }: FleetUnit): Promise<string[]> {
  if (!isGlobal(options)) return [machineID];
  const states = await orFail(run.connection.fleet.states({ unitName: name }), `Error retrieving the states of unit ${name}`);
  if (states.length === 0) throw new CommandFailure(`Unit ${name} does not appear to be loaded.`);
  return states.map((state) => state.machineID);
}

export async function openShell(run: Run): Promise<number> {
  const { flags } = run;
  if (flags.text('machine') && flags.text('unit')) {
    throw new CommandFailure('Both machine and unit flags provided, please specify only one.');
  }
  const named = flags.text('machine') || flags.text('unit');
  const words = named ? run.words : run.words.slice(1);
  const address = await findAddress(run);
  const connection = await dial(run, address, (why) => `Failed building SSH client: ${why}`, 1);
  const command = words.length > 0 ? words.join(' ') : null;
  const status = await runRemote(connection, { command, agentForward: flags.has('forward-agent') });
  return command === null ? 0 : status; // fleetctl does not ask how a shell has ended
}

async function findAddress(run: Run): Promise<string> {
  const { flags, words } = run;
  try {
    if (flags.text('machine')) return required(await addressOfMachine(run, flags.text('machine')), 'machine does not exist');
    if (flags.text('unit')) return required(await addressOfUnit(run, flags.text('unit')), 'unit does not exist');
    const [name] = words;
    if (name === undefined) throw new Error('one machine or unit must be provided');
    const [machine, unit] = [await addressOfMachine(run, name), await addressOfUnit(run, name)];
    if (machine && unit) {
      throw new Error(
        `ambiguous argument, both machine and unit found for \`${name}\`.\nPlease use flag \`--machine\` or \`--unit\` to refine the search`,
      );
    }
    return required(machine ?? unit, 'could not find matching unit or machine');
  } catch (error) {
    throw new CommandFailure(`Unable to proceed: ${fleetError(error)}`);
  }
}

function required(address: string | null, otherwise: string): string {
  if (address === null) throw new Error(otherwise);
  return address;
}

async function addressOfMachine({ connection }: Run, prefix: string): Promise<string | null> {
  const matches = (await connection.fleet.machines()).filter(({ id }) => id.startsWith(prefix));
  if (matches.length > 1) throw new Error('found more than one machine');
  return matches[0]?.primaryIP ?? null;
}

async function addressOfUnit({ connection, flags }: Run, word: string): Promise<string | null> {
  const unit = await connection.fleet.unit(unitNameOf(word));
  if (unit !== null && isGlobal(unit.options) && flags.text('unit')) throw new Error('global units unsupported');
  if (unit === null || unit.machineID === '') return null;
  return (await connection.fleet.machines()).find(({ id }) => id === unit.machineID)?.primaryIP ?? null;
}

/** The command's words are quoted as fleetctl does since 0.11: all but the program's name. */
async function runOnMachine(run: Run, machineId: string, words: string[]): Promise<number> {
  if (machineId === localMachineId(run.environment)) return runHere(words);
  const machines = await orFail(run.connection.fleet.machines(), 'Error getting machine IP');
  const address = machines.find(({ id }) => id === machineId)?.primaryIP;
  if (!address) throw new CommandFailure(`Error getting machine IP: machine ${machineId} does not exist`);
  const connection = await dial(run, address, (why) => `Unable to SSH to remote host: ${why}`, 255);
  const [program, ...rest] = words;
  return runRemote(connection, { command: [program, ...rest.map((word) => JSON.stringify(word))].join(' '), agentForward: false });
}

async function dial({ connection, flags }: Run, address: string, describe: (why: string) => string, status: number) {
  try {
    return await connection.dialMachine(address, flags.number('ssh-port'));
  } catch (error) {
    throw new CommandFailure(describe((error as Error).message), status);
  }
}

function runHere([program = '', ...rest]: string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, rest, { stdio: 'inherit' });
    child.on('error', (error) => reject(new CommandFailure(`Error running local command: ${error.message}`, 255)));
    child.on('close', (status) => resolve(status ?? 255));
  });
}

/** Inside a machine of the lab the home directory is the machine's own, two levels below its root. */
function localMachineId({ COREOS_MACHINE, HOME }: NodeJS.ProcessEnv): string | null {
  const root = COREOS_MACHINE && HOME ? join(HOME, '..', '..') : '/';
  try {
    return readFileSync(join(root, 'etc', 'machine-id'), 'utf8').trim();
  } catch {
    return null;
  }
}
