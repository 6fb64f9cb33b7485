// One run of fleetctl: the command line, the connection, the command, the exit status.
import { type Arguments, FlagError, readArguments } from './arguments.ts';
import { openConnection } from './connection.ts';
import type { Console } from './console.ts';
import { forwardSocket } from './fd-forward.ts';
import { commands } from './flags.ts';
import { commandHelp, helpText, version } from './help.ts';
import { listMachines, listUnitFiles, listUnits } from './lists.ts';
import { openShell, printJournal, printStatus } from './machine-commands.ts';
import { CommandFailure, type Run } from './run.ts';
import { catUnit, destroyUnits, loadUnits, restartUnits, startUnits, stopUnits, submitUnits, unloadUnits } from './unit-commands.ts';

const actions: Record<string, (run: Run) => Promise<number>> = {
  cat: catUnit,
  destroy: destroyUnits,
  journal: printJournal,
  'list-machines': listMachines,
  'list-unit-files': listUnitFiles,
  'list-units': listUnits,
  load: loadUnits,
  restart: restartUnits,
  ssh: openShell,
  start: startUnits,
  status: printStatus,
  stop: stopUnits,
  submit: submitUnits,
  unload: unloadUnits,
};

const unsigned = 'WARNING: The signed/verified units feature is DEPRECATED and cannot be used.\n';

/** Resolves with the exit status, which fleetctl keeps 0 for a command or flag that it does not know. */
export async function runFleetctl(argv: string[], environment: NodeJS.ProcessEnv, console: Console): Promise<number> {
  let flags: Arguments;
  try {
    flags = readArguments(argv, environment);
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    return explain(error, console);
  }
  const { command, words } = flags;
  if (flags.has('version') || command === 'version') return print(console, `fleetctl version ${version}\n`);
  if (command === null) return print(console, helpText());
  if (!Object.hasOwn(commands, command)) return rejectCommand(command, console);
  if (command === 'help' || flags.has('help')) return help(command === 'help' ? words[0] : command, console);
  if (command === 'fd-forward') return forward(words, environment, console);
  if (command === 'verify') {
    console.error(`Command "verify" is deprecated, DEPRECATED - No longer works\n${unsigned}`);
    return 2;
  }
  if (flags.has('sign')) {
    console.error(unsigned);
    return 2;
  }
  return connectAndRun(actions[command]!, flags, environment, console);
}

async function connectAndRun(
  action: (run: Run) => Promise<number>,
  flags: Arguments,
  environment: NodeJS.ProcessEnv,
  console: Console,
): Promise<number> {
  let connection: Run['connection'];
  try {
    connection = await openConnection(flags, environment, console);
  } catch (error) {
    console.error(`Unable to initialize client: ${(error as Error).message}\n`);
    return 1;
  }
  try {
    return await action({ flags, words: flags.words, connection, console, environment });
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    console.error(`${error.message}\n`);
    return error.status;
  } finally {
    connection.close();
  }
}

function print(console: Console, text: string): number {
  console.out(text);
  return 0;
}

function help(name: string | undefined, console: Console): number {
  const command = name === undefined ? undefined : commands[name];
  return name === undefined
    ? print(console, helpText())
    : command
      ? print(console, commandHelp(name, command))
      : rejectCommand(name, console);
}

function rejectCommand(name: string, console: Console): number {
  const message = `unknown command ${JSON.stringify(name)} for "fleetctl"`;
  console.error(`Error: ${message}\nRun 'fleetctl --help' for usage.\ncannot execute cmdFleet: ${message}\n`);
  return 0;
}

function explain({ message, command }: FlagError, console: Console): number {
  const known = command === null ? undefined : commands[command];
  if (command !== null && known === undefined) return rejectCommand(command, console);
  console.error(`Error: ${message}\n`);
  console.out(command !== null && known ? commandHelp(command, known) : helpText());
  console.error(`cannot execute cmdFleet: ${message}\n`);
  return 0;
}

function forward(words: string[], environment: NodeJS.ProcessEnv, console: Console): Promise<number> {
  const [path, ...more] = words;
  if (path !== undefined && more.length === 0) return forwardSocket(path, environment, console);
  console.error('Provide a single argument: the path of the socket.\n');
  return Promise.resolve(1);
}
