// systemctl: looks at the units of the machine it runs on, and starts and stops them.
import { change, kill, resetFailed } from '#lib/lab/systemctl/change-commands.ts';
import { complain, exitInactive, print } from '#lib/lab/systemctl/console.ts';
import { cat, listDependencies, listUnitFiles, listUnits, show, status } from '#lib/lab/systemctl/show-commands.ts';
import { isEnabled, isInState, isSystemRunning } from '#lib/lab/systemctl/state-commands.ts';
import { help, optionKinds, optionNames, refused } from '#lib/lab/systemctl/usage.ts';
import { ask } from '#lib/lab/systemd/client.ts';
import { readOptions } from '#lib/lab/systemd/options.ts';
import { runProgram } from './run-program.ts';

async function run(argv: string[]): Promise<number> {
  const options = readOptions(argv, optionNames, optionKinds);
  if (options.given.has('help')) return print(help);
  if (options.given.has('version')) return print('systemd 215\n');
  const [command = 'list-units', ...names] = options.words;
  const units = names.map((name) => (/\.\w+$/.test(name) ? name : `${name}.service`));
  if (Object.hasOwn(refused, command)) return complain(`systemctl ${command} is not supported in this lab: ${refused[command]}`);
  switch (command) {
    case 'list-units':
      return listUnits(options);
    case 'list-unit-files':
      return listUnitFiles(options);
    case 'list-dependencies':
      return listDependencies(units[0] ?? 'default.target', options);
    case 'list-jobs':
      return print('No jobs running.\n'); // whoever could be told of one waits for it
    case 'list-timers':
    case 'list-sockets':
      return print(`0 ${command.slice(5)} listed.\n`);
    case 'get-default':
      return print('multi-user.target\n');
    case 'is-system-running':
      return isSystemRunning(options);
    case 'status':
      return units.length === 0 ? listUnits(options) : status(units, options);
    case 'start':
    case 'stop':
    case 'restart':
    case 'reload':
    case 'try-restart':
    case 'reload-or-restart':
    case 'reload-or-try-restart':
      return each(needed(command, units), (unit) => change(command, unit, options));
    case 'condrestart':
      return each(needed(command, units), (unit) => change('try-restart', unit, options));
    case 'force-reload':
      return each(needed(command, units), (unit) => change('reload-or-try-restart', unit, options));
    case 'kill':
      return each(needed(command, units), (unit) => kill(unit, options));
    case 'is-active':
      return isInState(needed(command, units), 'active', exitInactive, options);
    case 'is-failed':
      return isInState(needed(command, units), 'failed', 1, options);
    case 'is-enabled':
      return isEnabled(needed(command, units), options);
    case 'cat':
      return each(needed(command, units), cat);
    case 'show':
      return each(needed(command, units), (unit) => show(unit, options));
    case 'reset-failed':
      return each(units.length === 0 ? [''] : units, resetFailed);
    case 'daemon-reload':
      await ask('GET', '/units'); // every unit file is read when it is written; what remains to tell is whether systemd is there
      return 0;
    case 'help':
      return print(help);
    default:
      return complain(`Unknown operation '${command}'.`);
  }
}

function needed(command: string, units: string[]): string[] {
  if (units.length === 0) throw new Error(`systemctl ${command} needs the name of a unit. List them with systemctl list-units.`);
  return units;
}

/** Does it for every unit; the exit status is the first that is not 0. */
async function each(units: string[], act: (unit: string) => Promise<number>): Promise<number> {
  let worst = 0;
  for (const unit of units) {
    const status = await act(unit);
    worst ||= status;
  }
  return worst;
}

runProgram('systemctl', run);
