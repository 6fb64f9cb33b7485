/**
 * Watches a shell that has not been heard of for a while: it may wait at a prompt that lost its marks, or another program may have taken its
 * place (`exec`). Costs a look at /proc a second, and only while a terminal is busy.
 */
import { spawn } from 'node:child_process';
import { close, constants, open } from 'node:fs';
import { readFile, readlink } from 'node:fs/promises';
import { basename } from 'node:path';

export interface ShellWatch {
  /** Something was heard or typed: what was seen before does not count. */
  reset(): void;
  close(): void;
}

export interface ShellWatchHandlers {
  /** Only a shell that is busy, as far as anybody knows, is looked at. */
  due(): boolean;
  /** A bash edits a line where nobody knows of a prompt. Called again when it did not answer. */
  reads(times: number): void;
  /** In the shell's place runs another program. */
  replaced(program: string): void;
}

const lookMs = 1000;
/** The same has to be seen so often: bash is for a moment at a line that it has just been given. */
const patience = 2;

export function watchShell(pid: number, handlers: ShellWatchHandlers): ShellWatch {
  let seen = '';
  let times = 0;
  let looking = false;
  const timer = setInterval(look, lookMs);
  timer.unref();

  return {
    reset() {
      seen = '';
      times = 0;
    },
    close: () => clearInterval(timer),
  };

  async function look(): Promise<void> {
    if (looking || !handlers.due()) return;
    looking = true;
    const program = await findReader(pid).catch(() => null);
    looking = false;
    if (!handlers.due()) return;
    times = program !== null && program === seen ? times + 1 : 1;
    seen = program ?? '';
    if (program === null || times < patience) return;
    if (program === 'bash') handlers.reads(times - patience + 1);
    else if (times === patience) handlers.replaced(program);
  }
}

/** `bash` when it is a bash that edits a line, the program's name when it is no bash, and null while something else has the foreground. */
async function findReader(pid: number): Promise<string | null> {
  const { name, group, terminal } = await (process.platform === 'linux' ? readProc(pid) : askPs(pid));
  if (name !== 'bash') return name;
  return group === pid && (await isEditing(terminal)) ? name : null;
}

interface ShellProcess {
  name: string;
  /** The foreground process group of its terminal. */
  group: number;
  /** The terminal's device. */
  terminal: string;
}

async function readProc(pid: number): Promise<ShellProcess> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
  const end = stat.lastIndexOf(')');
  const group = Number(stat.slice(end + 2).split(' ')[5]);
  return { name: stat.slice(stat.indexOf('(') + 1, end), group, terminal: await readlink(`/proc/${pid}/fd/0`) };
}

async function askPs(pid: number): Promise<ShellProcess> {
  const [group, tty, ...name] = (await run('ps', ['-o', 'tpgid=,tty=,comm=', '-p', String(pid)])).trim().split(/\s+/);
  return { name: basename(name.join(' ')).replace(/^-/, ''), group: Number(group), terminal: `/dev/${tty}` };
}

/** Readline alone takes keys one by one, echoes them itself, and tells Enter from Ctrl-J. */
async function isEditing(terminal: string): Promise<boolean> {
  const descriptor = await new Promise<number>((resolve, reject) => {
    open(terminal, constants.O_RDONLY | constants.O_NOCTTY | constants.O_NONBLOCK, (error, fd) => (error ? reject(error) : resolve(fd)));
  });
  try {
    const modes = (await run('stty', ['-a'], descriptor)).split(/[\s;]+/);
    return ['-icanon', '-echo', '-icrnl'].every((mode) => modes.includes(mode));
  } finally {
    close(descriptor);
  }
}

/** What a program prints; empty when it fails or takes too long. */
function run(program: string, words: string[], input: number | 'ignore' = 'ignore'): Promise<string> {
  return new Promise((resolve) => {
    const child = spawn(program, words, { stdio: [input, 'pipe', 'ignore'], timeout: lookMs });
    let output = '';
    child.stdout?.on('data', (chunk) => {
      output += chunk;
    });
    child.once('error', () => resolve(''));
    child.once('close', () => resolve(output));
  });
}
