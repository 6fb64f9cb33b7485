/** Asks the lab on its socket. */
import { type IncomingMessage, request } from 'node:http';
import { type Action, type ActionMessage, type ActionRequest, type LabStatus, labVariable } from '../api.ts';
import type { Box } from './box.ts';
import { VagrantError } from './project.ts';
import { labNotRunning } from './texts.ts';

export interface LabClient {
  status(): Promise<LabStatus>;
  boxes(): Promise<Box[]>;
  /** Resolves when the action has ended; rejects with VagrantError when it failed. */
  act(machine: string, action: Action, body: ActionRequest, onMessage: (message: ActionMessage) => void): Promise<void>;
}

export function createLabClient(environment: Record<string, string | undefined>): LabClient {
  const socketPath = environment[labVariable];
  if (!socketPath) throw new VagrantError(labNotRunning);
  return {
    status: async () => JSON.parse(await readAll(await ask(socketPath, 'GET', '/'))),
    boxes: async () => JSON.parse(await readAll(await ask(socketPath, 'GET', '/boxes'))),
    async act(machine, action, body, onMessage) {
      const answer = await ask(socketPath, 'POST', `/machines/${encodeURIComponent(machine)}/${action}`, JSON.stringify(body));
      await followAction(answer, onMessage);
    },
  };
}

function ask(socketPath: string, method: string, path: string, body?: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    // Not on a kept connection: the lab may close that while somebody thinks about a question.
    const asked = request({ socketPath, method, path, headers, agent: false }, (answer) => {
      if (answer.statusCode === 200) return resolve(answer);
      readAll(answer).then((text) => reject(new VagrantError(text.trim() || `The lab answered with status ${answer.statusCode}.`)), reject);
    });
    asked.on('error', (cause: NodeJS.ErrnoException) => {
      const gone = cause.code === 'ENOENT' || cause.code === 'ECONNREFUSED';
      reject(new VagrantError(gone ? labNotRunning : `The lab does not answer: ${cause.message}.`, { cause }));
    });
    asked.end(body);
  });
}

async function followAction(answer: IncomingMessage, onMessage: (message: ActionMessage) => void): Promise<void> {
  let rest = '';
  answer.setEncoding('utf8');
  try {
    for await (const chunk of answer) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop()!;
      for (const line of lines) {
        const message = JSON.parse(line) as ActionMessage;
        onMessage(message);
        if (message.say !== 'end') continue;
        if (message.error !== null) throw new VagrantError(message.error);
        return;
      }
    }
  } catch (error) {
    if (error instanceof VagrantError) throw error;
  }
  throw new VagrantError('The lab stopped before it had finished. Start the app again and look at `vagrant status`.');
}

async function readAll(answer: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of answer.setEncoding('utf8')) text += chunk;
  return text;
}
