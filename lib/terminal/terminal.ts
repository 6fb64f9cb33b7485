/** A terminal: a bash on a pty, the log of its output, those who watch it, and what its marks say. */
import { randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { TerminalName } from '#lib/shared/chapter.ts';
import type { TerminalSize, TerminalState } from '#lib/shared/protocol.ts';
import { againKeys, giveBackKeys, type StartHook, setAsideKeys } from './bash-rc.ts';
import { type ExecutionEvent, type ExecutionHandlers, followExecution } from './execution.ts';
import { createMarkParser, type Mark } from './mark-parser.ts';
import type { OutputHistory } from './output-history.ts';
import { createOutputLog, type OutputLog } from './output-log.ts';
import { trackPrompts } from './prompts.ts';
import type { HostedPty, TerminalPtyHost } from './pty-host.ts';
import { createScreen } from './screen.ts';
import type { ScreenSnapshot } from './screen-snapshot.ts';
import { type PreparedShell, prepareShell, readExports, typeable } from './shell-integration.ts';
import { type ShellWatch, watchShell } from './shell-watch.ts';
import { createViewers, type Viewer, type ViewerRequest } from './viewer.ts';

export interface TerminalOptions {
  name: TerminalName;
  host: TerminalPtyHost;
  /** The program, an absolute path. */
  bash: string;
  /** The learner's HOME; drawn as `~`. */
  home: string;
  /** Where the first shell starts. */
  directory: string;
  /** The shell's whole environment. */
  environment: Record<string, string>;
  size: TerminalSize;
  /** A directory of mode 0700; the terminal keeps its own in it. */
  runDirectory: string;
  startHook?: StartHook;
  /** What the terminal printed before the app was started again, and where that is kept. */
  history?: OutputHistory;
}

/** A command that is typed for the learner. */
export interface Command {
  /** Names the file when the command is too long to be typed. */
  name: string;
  text: string;
}

export type TerminalEvent =
  | ExecutionEvent
  /** The shell reads a command and nothing is under way. */
  | { kind: 'ready' }
  | { kind: 'input'; text: string };

export interface Terminal {
  readonly name: TerminalName;
  readonly log: OutputLog;
  /** Names the log's life. */
  readonly logId: string;
  state(): TerminalState;
  /** The shell's directory as an absolute path. */
  directory(): string;
  /** A file that, sourced, sets the environment that the shell had at its last prompt. */
  readonly environmentFile: string;
  onState(listener: (state: TerminalState) => void): () => void;
  onEvent(listener: (event: TerminalEvent) => void): () => void;
  /**
   * The screen, for who cannot go on from `offset` of the log while a full-screen program has it: that program draws only what changes. To
   * be handed to `attach`. Null when the log alone does.
   */
  screen(offset: number | null, logId?: string): Promise<ScreenSnapshot | null>;
  /** @param snapshot what comes first; for the viewer it takes the place of as many bytes of the log */
  attach(request: ViewerRequest, snapshot?: ScreenSnapshot | null): Viewer;
  /** Bytes from the learner's keyboard. */
  write(text: string): void;
  resize(size: TerminalSize): void;
  /** Undoes what binary output has done to the emulators; at the prompt the shell then begins a new line. */
  reset(): void;
  /**
   * Types a command at the prompt; half-typed text is put aside and given back at the next one. Throws unless the terminal is at a prompt.
   */
  execute(command: Command, handlers: ExecutionHandlers): void;
  /** Ctrl-C, ahead of input that nobody has read. */
  interrupt(): void;
  /** To the program in the foreground, never to the shell itself. */
  signal(name: NodeJS.Signals): void;
  /** No longer waits for the command under way: nobody can tell how it ends. */
  giveUp(reason: string): void;
  /** A new shell where the last one ended, with what that one had exported; does nothing while one is running. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** Leaves the alternate screen, mouse reporting and colours that a dead program may have left on. */
const resetModes = '\x1b[!p\x1b[?1049l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[0m\r\n';
/** What only random bytes leave behind: half a sequence, another alphabet, a link, frozen drawing, other mouse reports, cursor, palette. */
const resetRest =
  '\x18\x0f\x1b]8;;\x07\x1b[?2026l\x1b[20l\x1b[?9;1004;1005;1015;1016l\x1b[0 q\x1b]104\x07\x1b]110\x07\x1b]111\x07\x1b]112\x07';
/** Keys after which bash starts a command, or a new prompt. */
const endsLine = /[\r\n\x03\x04]/;
/** A shell at its prompt answers them with a mark; when it does not, they went into a search or a quotation. */
const answerMs = 1000;
/** Discards the line that is being typed, in a shell that does not know our keys. */
const discardLine = '\x15';
/** A shell that ignores the hang-up is killed after this. */
const hangUpMs = 1000;

/** Opens a terminal and its first shell. Rejects with a sentence when bash cannot be started. */
export async function openTerminal(options: TerminalOptions): Promise<Terminal> {
  const { name, home } = options;
  const directory = join(options.runDirectory, `terminal-${name}`);
  const { history } = options;
  const log = createOutputLog(history?.restored.start);
  const logId = history?.id ?? randomUUID();
  const stateListeners = new Set<(state: TerminalState) => void>();
  const eventListeners = new Set<(event: TerminalEvent) => void>();
  let pty: HostedPty | null = null;
  let status: TerminalState['status'] = 'starting';
  let size = options.size;
  let currentDirectory = history?.directory ?? options.directory;
  let shell: PreparedShell | null = null;
  let watch: ShellWatch | null = null;
  let exports = history?.exports ?? '';
  const prompts = trackPrompts();
  /** The shell waits for the rest of a command. */
  let continues = false;
  /** Asked for its marks, the shell said that it has them. */
  let answered = false;
  /** What should have happened before the prompt has happened. */
  let hooked = true;
  /** Something was typed that no command has taken yet. */
  let halfTyped = false;
  let asidePut = false;
  /** The shell waits at its prompt; with an execution under way, for what was typed to arrive. */
  let shellReads = false;
  let execution: ReturnType<typeof followExecution> | null = null;
  let answerTimer: NodeJS.Timeout | undefined;
  let restarting: Promise<void> | null = null;
  let closed = false;
  const viewers = createViewers(log, { pause: () => pty?.pause(), resume: () => pty?.resume() });
  const screen = createScreen(log, viewers, size);

  if (history && history.restored.bytes.length > 0) {
    log.append(history.restored.bytes);
    screen.printed(history.restored.bytes);
    append(
      Buffer.from(
        `\x18${resetModes}\x1b[2m[The app was restarted. This is a new shell, with the directory and the exported variables of the old one.]\x1b[0m\r\n`,
      ),
    );
  }
  await startShell();

  return {
    name,
    log,
    logId,
    environmentFile: join(directory, 'environment'),
    state,
    directory: () => currentDirectory,
    onState: (listener) => subscribe(stateListeners, listener),
    onEvent: (listener) => subscribe(eventListeners, listener),
    async screen(offset, other) {
      const missed = offset === null || !isKnown(offset, other) || offset < log.start || offset > log.end;
      return missed ? screen.take() : null;
    },
    attach: (request, snapshot = null) =>
      screen.attach(request.offset === null || isKnown(request.offset, request.logId) ? request : { ...request, offset: null }, snapshot),
    write(text) {
      if (text.includes('\x03')) pty?.discardInput();
      pty?.write(text);
      halfTyped = true;
      if (endsLine.test(text)) watch?.reset();
      if (status === 'prompt' && endsLine.test(text)) awaitMark();
      emit({ kind: 'input', text });
    },
    resize(next) {
      if (next.cols === size.cols && next.rows === size.rows) return;
      // What was printed for the old size is drawn at it.
      viewers.flush();
      size = next;
      screen.resized(size);
      pty?.resize(size);
      announce();
    },
    reset() {
      append(Buffer.from(`${resetRest}${resetModes}\x1b[J`));
      // The emulators' answers to questions among random bytes stand at the prompt now, as if typed.
      if (status !== 'prompt') return;
      pty?.discardInput();
      pty?.write('\x03');
      halfTyped = false;
    },
    execute(command, handlers) {
      if (!pty || status !== 'prompt') throw new Error(`The terminal "${name}" is not at a prompt; wait for it or stop what runs.`);
      const typed = typeable(directory, command.name, command.text);
      asidePut = halfTyped;
      halfTyped = false;
      execution = followExecution(typed, log.end, {
        ...handlers,
        ended(to, exitStatus, suspended) {
          execution = null;
          handlers.ended(to, exitStatus, suspended);
        },
        lost(reason, refused) {
          execution = null;
          handlers.lost(reason, refused);
          becomeReady();
        },
      });
      setStatus('busy');
      // One write, so that no keystroke of the learner can come between.
      pty.write(`${asidePut ? setAsideKeys : ''}${typed}\r`);
    },
    interrupt() {
      pty?.discardInput();
      pty?.write('\x03');
    },
    signal: (signal) => pty?.signalForeground(signal),
    giveUp: (reason) => emit({ kind: 'unknown', reason }),
    restart() {
      if (status !== 'exited' || closed) return Promise.resolve();
      restarting ??= restartShell().finally(() => {
        restarting = null;
      });
      return restarting;
    },
    async close() {
      closed = true;
      clearTimeout(answerTimer);
      watch?.close();
      await endShell();
      viewers.close();
      await history?.close();
      await rm(directory, { recursive: true, force: true });
    },
  };

  function state(): TerminalState {
    const tilde = currentDirectory === home || currentDirectory.startsWith(`${home}/`) ? `~${currentDirectory.slice(home.length)}` : null;
    return { terminal: name, status, directory: tilde ?? currentDirectory, size };
  }

  function isKnown(offset: number, other: string | undefined): boolean {
    return other === undefined || other === logId || (history?.shares(other, offset) ?? false);
  }

  async function startShell(): Promise<void> {
    const prepared = await prepareShell(directory, { startHook: options.startHook, exports });
    const start = isDirectory(currentDirectory) ? currentDirectory : home;
    const opened = await options.host.open({
      file: options.bash,
      args: prepared.args,
      directory: start,
      environment: { ...options.environment, HOME: home },
      size,
    });
    const parser = createMarkParser(prepared.nonce, { output: append, mark: acceptMark });
    pty = opened;
    shell = prepared;
    currentDirectory = start;
    watch = watchShell(opened.pid, {
      due: () => !continues && (status === 'busy' || status === 'starting'),
      reads: askShell,
      replaced: tellReplaced,
    });
    opened.onOutput(parser.push);
    opened.onInputLost(() => append(Buffer.from('\r\n\x1b[2m[The program does not read; what was typed is lost.]\x1b[0m\r\n')));
    opened.onExit((exit) => {
      parser.end();
      prepared.forget();
      watch?.close();
      pty = null;
      shellReads = false;
      viewers.release();
      setStatus('exited');
      emit({ kind: 'exit', reason: `The shell ended (${exit.signal ?? `exit status ${exit.status}`}).` });
    });
  }

  async function restartShell(): Promise<void> {
    append(Buffer.from(resetModes));
    halfTyped = asidePut = false;
    forgetPrompt();
    setStatus('starting');
    try {
      await startShell();
    } catch (error) {
      setStatus('exited');
      throw error;
    }
  }

  async function endShell(): Promise<void> {
    const ending = pty;
    if (!ending) return;
    const ended = new Promise<void>((resolve) => ending.onExit(() => resolve()));
    // While it is paused, output would hold the shell back from ending.
    ending.resume();
    ending.signal('SIGHUP');
    const timer = setTimeout(() => ending.signal('SIGKILL'), hangUpMs);
    await ended;
    clearTimeout(timer);
  }

  /** The key brings back the marks of a shell that has lost them; a bash that does not know it took the shell's place, and is made the shell. */
  function askShell(times: number): void {
    if (times === 1) {
      answered = false;
      pty?.write(againKeys);
    } else if (times === 3 && !answered && shell) {
      tellReplaced('bash');
      forgetPrompt();
      pty?.write(`${discardLine}${shell.adopt()}\r`);
    }
  }

  function tellReplaced(program: string): void {
    const now = program === 'bash' ? 'another bash' : `\`${program}\``;
    emit({ kind: 'unknown', reason: `The shell has become ${now} (\`exec\`), so nobody can tell how the command ended.` });
  }

  function forgetPrompt(): void {
    continues = false;
    prompts.forget();
  }

  function append(bytes: Buffer): void {
    const offset = log.end;
    log.append(bytes);
    screen.printed(bytes);
    history?.appended(log);
    emit({ kind: 'output', offset, bytes });
    viewers.appended();
  }

  function acceptMark(mark: Mark): void {
    if (mark.kind === 'alive') {
      answered = true;
      return;
    }
    answered = false;
    watch?.reset();
    continues = mark.kind === 'continuation';
    if (mark.kind === 'prompt') {
      const prompt = prompts.shown(mark);
      if (!prompt) return;
      currentDirectory = mark.directory;
      exports = readExports(directory);
      history?.moved(currentDirectory, exports);
      hooked = mark.hooked && !prompt.unmarked;
      emit({ kind: 'prompt', offset: log.end, status: mark.status, ...prompt });
    } else if (mark.kind === 'ready') {
      shellReads = true;
      if (!hooked) pty?.write(againKeys);
      hooked = true;
      becomeReady();
    } else if (mark.kind === 'continuation') {
      shellReads = false;
      setStatus('busy');
      emit({ kind: 'continuation' });
    } else if (mark.kind === 'start') {
      prompts.commandBegan();
      shellReads = false;
      if (!execution) halfTyped = false;
      setStatus('busy');
      emit({ kind: 'start', offset: log.end, command: mark.command });
    } else emit({ kind: 'block', offset: log.end });
  }

  /** The learner has pressed Enter: what is typed now would reach their command, so the prompt does not count until the shell has answered. */
  function awaitMark(): void {
    setStatus('busy');
    clearTimeout(answerTimer);
    answerTimer = setTimeout(becomeReady, answerMs);
  }

  function becomeReady(): void {
    clearTimeout(answerTimer);
    if (!shellReads || execution || status === 'prompt') return;
    if (asidePut) pty?.write(giveBackKeys);
    halfTyped ||= asidePut;
    asidePut = false;
    setStatus('prompt');
    emit({ kind: 'ready' });
  }

  function emit(event: TerminalEvent): void {
    if (event.kind !== 'ready' && event.kind !== 'input' && execution?.accept(event) === 'interrupt') pty?.write('\x03');
    for (const listener of eventListeners) listener(event);
  }

  function setStatus(next: TerminalState['status']): void {
    if (next === status) return;
    status = next;
    announce();
  }

  function announce(): void {
    for (const listener of stateListeners) listener(state());
  }
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function subscribe<Value>(listeners: Set<(value: Value) => void>, listener: (value: Value) => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}
