// `docker pull`: the daemon's messages as lines, or in a terminal as one living line per layer.
import type { IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { parseImageName } from '../image-name.ts';
import type { ApiClient } from './api-client.ts';
import { parseArguments, requireWords } from './arguments.ts';
import { CommandError } from './command-error.ts';

interface Message {
  id?: string;
  status?: string;
  progress?: string;
  error?: string;
}

export async function pullCommand(api: ApiClient, args: string[]): Promise<void> {
  const { words, has } = parseArguments('pull', args, { quiet: { short: 'q' }, 'all-tags': { short: 'a' } });
  requireWords('pull', words, 1, 1);
  if (has('all-tags')) throw new CommandError('docker pull --all-tags is not offered in the lab: its images have one tag.');
  await pullImage(api, words[0]!, has('quiet') ? null : process.stdout);
  if (has('quiet')) process.stdout.write(`docker.io/${words[0]}\n`);
}

/** @param output where progress is told; null for nowhere */
export async function pullImage(api: ApiClient, reference: string, output: NodeJS.WriteStream | null): Promise<void> {
  const { repository, tag } = parsed(reference);
  const messages = await api.stream('POST', `/images/create?${new URLSearchParams({ fromImage: repository, tag })}`);
  const show = output?.isTTY ? livingLines(output) : plainLines(output);
  for await (const message of readMessages(messages)) {
    if (message.error !== undefined) throw new CommandError(`Error response from daemon: ${message.error}`);
    show(message);
  }
}

async function* readMessages(response: IncomingMessage): AsyncGenerator<Message> {
  for await (const line of createInterface({ input: response })) if (line) yield JSON.parse(line) as Message;
}

/** For a journal or a file: what happened, without the bars. */
function plainLines(output: NodeJS.WriteStream | null) {
  return (message: Message) => {
    if (message.progress === undefined) output?.write(`${textOf(message)}\n`);
  };
}

/** Goes up to the layer's line, writes it anew, and comes back. */
function livingLines(output: NodeJS.WriteStream) {
  const lines = new Map<string, number>();
  let count = 0;
  return (message: Message) => {
    const line = message.id === undefined ? undefined : lines.get(message.id);
    if (line === undefined) {
      if (message.id !== undefined) lines.set(message.id, count);
      count++;
      output.write(`${textOf(message)}\n`);
      return;
    }
    output.write(`\u001b[${count - line}A\r\u001b[2K${textOf(message)}\r\u001b[${count - line}B`);
  };
}

function textOf({ id, status, progress }: Message): string {
  return `${id === undefined ? '' : `${id}: `}${status}${progress === undefined ? '' : ` ${progress}`}`;
}

function parsed(reference: string) {
  try {
    return parseImageName(reference);
  } catch (error) {
    throw new CommandError((error as Error).message);
  }
}
