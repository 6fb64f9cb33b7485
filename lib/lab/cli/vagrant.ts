/** `vagrant`, as far as the walkthrough goes: its machines live in the lab. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';
import { commands, runCommand } from '../vagrant/commands.ts';
import { createLabClient } from '../vagrant/lab-client.ts';
import { loadProject, VagrantError } from '../vagrant/project.ts';
import { version } from '../vagrant/report-commands.ts';
import type { Shell } from '../vagrant/shell.ts';
import { createUi, type UiStyle } from '../vagrant/ui.ts';

const help = `Usage: vagrant [options] <command> [<args>]

    -h, --help                       Print this help.
    -v, --version                    Print the version and exit.
        --machine-readable           Print records for programs.
        --[no-]color                 Colours, or none.
        --no-tty                     No colours and no questions, as in a pipe.

Commands:
${Object.entries(commands)
  .map(([name, { summary }]) => `     ${name.padEnd(16)}${summary}`)
  .join('\n')}

For help on any command run \`vagrant COMMAND -h\`
`;

main(process.argv.slice(2)).then(
  (status) => {
    process.exitCode = status;
  },
  (error) => {
    process.stderr.write(`vagrant: ${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  },
);

async function main(args: string[]): Promise<number> {
  // A reader that has seen enough (`| head`) is no failure.
  process.stdout.on('error', () => process.exit(0));
  const { own, flags } = splitFlags(args);
  const shell = createShell(flags);
  const [name, ...rest] = own;
  if (flags.has('--debug')) shell.ui.error('There is no debug log: the lab says what went wrong where the app was started.');
  if (flags.has('--version') || flags.has('-v')) {
    shell.out(`Vagrant ${version}\n`);
    return 0;
  }
  if (name === undefined || !Object.hasOwn(commands, name)) {
    shell.out(help);
    return name === undefined && (flags.has('--help') || flags.has('-h')) ? 0 : 1;
  }
  try {
    return await runCommand(shell, name, rest);
  } catch (error) {
    if (!(error instanceof VagrantError)) throw error;
    shell.ui.error(error.message);
    return 1;
  }
}

/** Options of vagrant itself; those about how it speaks count anywhere, the others only before the command. */
function splitFlags(args: string[]): { own: string[]; flags: Set<string> } {
  const flags = new Set<string>();
  const own: string[] = [];
  const end = args.indexOf('--') === -1 ? args.length : args.indexOf('--');
  args.forEach((arg, index) => {
    const anywhere = ['--machine-readable', '--color', '--no-color', '--no-tty', '--debug'].includes(arg);
    const first = own.length === 0 && ['-v', '--version', '-h', '--help'].includes(arg);
    if (index < end && (anywhere || first)) flags.add(arg);
    else own.push(arg);
  });
  return { own, flags };
}

function createShell(flags: Set<string>): Shell {
  const out = (text: string) => void process.stdout.write(text);
  const colour = flags.has('--color') || (process.stdout.isTTY && !flags.has('--no-color') && !flags.has('--no-tty'));
  const hasTerminal = Boolean(process.stdin.isTTY) && !flags.has('--no-tty');
  const machineReadable = flags.has('--machine-readable');
  const style: UiStyle = machineReadable ? 'machine-readable' : colour ? 'colour' : 'plain';
  return {
    ui: createUi(style, { out, err: (text) => void process.stderr.write(text) }),
    out,
    lab: () => createLabClient(process.env),
    project: () => loadProject(currentFolder(), process.env),
    ask: (question) => (hasTerminal ? ask(question) : Promise.resolve(null)),
    run: runProgram,
    hasTerminal,
  };
}

function currentFolder(): string {
  try {
    return process.cwd();
  } catch (cause) {
    throw new VagrantError('The current folder does not exist any more: change into another one.', { cause });
  }
}

function ask(question: string): Promise<string> {
  return new Promise((resolve) => {
    const lines = createInterface({ input: process.stdin, output: process.stdout });
    let answer = '';
    lines.question(question, (text) => {
      answer = text;
      lines.close();
    });
    lines.on('SIGINT', () => process.exit(1));
    lines.on('close', () => resolve(answer)); // Ctrl-D closes without an answer, which is a no
  });
}

/** The terminal belongs to the program until it ends; Ctrl-C is its own business. */
function runProgram(file: string, args: string[]): Promise<number> {
  process.on('SIGINT', () => {});
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: 'inherit' });
    child.on('error', (cause) => reject(new VagrantError(`${file} could not be started: ${cause.message}.`, { cause })));
    child.on('exit', (status, signal) => resolve(status ?? 128 + constants.signals[signal!]));
  });
}
