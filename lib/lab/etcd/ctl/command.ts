// What a command of etcdctl is, and what it gets to know of the call.
import type { Client, KeyResponse } from './client.ts';
import { badArguments, Failure } from './failure.ts';
import type { Flag } from './flags.ts';
import { type Format, formatResponse } from './print.ts';

export interface Command {
  usage: string;
  summary: string;
  description?: string;
  flags?: Flag[];
  /** Answers with the exit status when it is not 0. */
  // biome-ignore lint/suspicious/noConfusingVoidType: most commands have nothing to answer
  run(invocation: Invocation): Promise<number | void>;
}

/** A command that consists of others. */
export interface CommandGroup {
  summary: string;
  commands: Record<string, Command>;
}

export interface Invocation {
  client: Client;
  words: string[];
  flag(name: string): string | undefined;
  isOn(name: string): boolean;
  format: Format;
  print(text: string): void;
}

export function keyOf({ words }: Invocation): string {
  if (words[0] === undefined) throw new Failure('Error:  key required', badArguments);
  return words[0];
}

export function show(call: Invocation, response: KeyResponse): void {
  call.print(formatResponse(response, call.format));
}

/** A directory has nothing to show in the simple format. */
export function showFile(call: Invocation, response: KeyResponse): void {
  if (!response.node.dir || call.format !== 'simple') show(call, response);
}
