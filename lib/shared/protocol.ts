import { z } from 'zod';
import { type TerminalName, terminalNames } from './chapter.ts';
import type { CheckReport, ExpectationReport } from './check.ts';
import type { ClusterState } from './cluster.ts';
import type { Run } from './run.ts';

/** The socket between page and server. Inbound payloads are parsed with the schemas below; outbound ones are typed only. */

export interface ServerEvents {
  /** Bytes of a terminal; `offset` is where they begin in its log (bytes since the terminal began). */
  'terminal:output': (terminal: TerminalName, offset: number, bytes: Uint8Array) => void;
  /** The log no longer reaches back to where the viewer was: bytes from `from` to `to` are gone. */
  'terminal:gap': (terminal: TerminalName, from: number, to: number) => void;
  /** Whether this page drives the terminal now: only the driver's keys and size count, all others look on. */
  'terminal:driver': (terminal: TerminalName, driving: boolean) => void;
  'terminal:state': (state: TerminalState) => void;
  /** Every run of this session, oldest first; sent on connection. */
  runs: (runs: Run[]) => void;
  run: (run: Run) => void;
  /** Every verdict there is; sent on connection. */
  checks: (reports: CheckReport[]) => void;
  check: (report: CheckReport) => void;
  /** Of each step's last run; sent on connection. */
  expectations: (reports: ExpectationReport[]) => void;
  expectation: (report: ExpectationReport) => void;
  cluster: (state: ClusterState) => void;
  /** Something the learner should know, such as a restarted child process. */
  notice: (notice: Notice) => void;
  /** What the notice told of is over. */
  'notice:over': (id: string) => void;
  /** Progress: the ids of the steps that are proven done. */
  progress: (steps: string[]) => void;
  /** The text of a chapter was edited (while writing content). */
  'content:changed': () => void;
  'server:closing': () => void;
}

export interface ClientEvents {
  /** Starts sending output from `offset`, or from the last screenfuls when null. Sent again after every reconnection. */
  'terminal:attach': (request: AttachRequest, reply: (answer: AttachReply) => void) => void;
  'terminal:detach': (terminal: TerminalName) => void;
  /** The viewer's terminal emulator has parsed everything before `offset`. */
  'terminal:ack': (terminal: TerminalName, offset: number) => void;
  /** This page wants to drive the terminal; whoever did looks on. */
  'terminal:take-over': (terminal: TerminalName) => void;
  /** What the learner typed. */
  'terminal:input': (terminal: TerminalName, text: string) => void;
  'terminal:resize': (terminal: TerminalName, size: TerminalSize) => void;
  /** Undoes what binary output has done to the terminals of all who watch; at the prompt it also begins a new line. */
  'terminal:reset': (terminal: TerminalName) => void;
  /** Opens a new shell where the last one ended. */
  'terminal:restart': (terminal: TerminalName) => void;
  /** The page shows this chapter, so its checks are kept up to date; null: it shows none. Sent again after every reconnection. */
  'chapter:open': (slug: string | null) => void;
  /** Ctrl-C, then harder. */
  'run:stop': (run: string) => void;
  /** Types the answer that the step names for the question it is asking. */
  'run:answer': (run: string) => void;
}

export interface TerminalState {
  terminal: TerminalName;
  /** `prompt`: waiting for a command. `busy`: something runs. `exited`: the shell is gone. */
  status: 'starting' | 'prompt' | 'busy' | 'exited';
  /** The shell's directory, `~` for HOME. */
  directory: string;
  size: TerminalSize;
}

export interface Notice {
  id: string;
  tone: 'info' | 'warning' | 'error';
  text: string;
}

export type TerminalSize = z.infer<typeof terminalSizeSchema>;
export type AttachRequest = z.infer<typeof attachSchema>;
/** `offset` is where the output that follows begins; before `end` it is history, whose questions no program waits for. `log` names the log. */
export type AttachReply =
  | { ok: true; offset: number; end: number; log: string; driving: boolean; state: TerminalState }
  | { ok: false; reason: string };
export type RunRequest = z.infer<typeof runRequestSchema>;

const terminalName = z.enum(terminalNames);
const id = z.string().min(1).max(128);
const offset = z.number().int().nonnegative();

export const terminalSizeSchema = z.strictObject({ cols: z.number().int().min(2).max(1000), rows: z.number().int().min(1).max(1000) });
/**
 * `log` is the one that `offset` was counted in; after a crash of the app the log may go on otherwise than the page has seen.
 * `page` is the window's own name, which it keeps over a lost connection and a reload.
 */
export const attachSchema = z.strictObject({
  terminal: terminalName,
  offset: offset.nullable(),
  log: id.optional(),
  page: id.optional(),
  size: terminalSizeSchema,
});
export const inboundSchemas = {
  'terminal:attach': z.tuple([attachSchema]),
  'terminal:detach': z.tuple([terminalName]),
  'terminal:ack': z.tuple([terminalName, offset]),
  'terminal:take-over': z.tuple([terminalName]),
  'terminal:input': z.tuple([terminalName, z.string().max(65_536)]),
  'terminal:resize': z.tuple([terminalName, terminalSizeSchema]),
  'terminal:reset': z.tuple([terminalName]),
  'terminal:restart': z.tuple([terminalName]),
  'chapter:open': z.tuple([id.nullable()]),
  'run:stop': z.tuple([id]),
  'run:answer': z.tuple([id]),
} as const;

/**
 * What a click on a step sends to the server action: ids, never text. `key` is the click's own: the same key is the same run.
 * `terminal` is another one than the step's own; a run that waits in a queue moves there.
 */
export const runRequestSchema = z.strictObject({ chapter: id, step: id, key: id, terminal: terminalName.optional() });
