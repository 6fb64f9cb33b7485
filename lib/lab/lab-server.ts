/** Answers `vagrant` and the app's server on the lab's socket. */
import { chmod, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { z } from 'zod';
import { type ActionMessage, actions } from './api.ts';
import type { Lab } from './lab.ts';
import { ActionError } from './vagrant/action-error.ts';
import { perform } from './vagrant/actions.ts';
import { listBoxes } from './vagrant/box.ts';

export interface LabServer {
  close(): Promise<void>;
}

const requestSchema = z.strictObject({
  directory: z.string().min(1).max(4096).startsWith('/'),
  number: z.number().int().min(1).max(99),
  instances: z.number().int().min(1).max(99),
  channel: z.enum(['alpha', 'beta', 'stable']),
  exposeDockerTcp: z.number().int().min(1).max(65_535).nullable(),
  provision: z.boolean().nullable(),
  force: z.boolean(),
});
const machineName = /^[a-z][a-z0-9-]{0,40}$/i;
const maximumBody = 64 * 1024;

/** The socket lies in a folder that only its owner may enter. */
export async function startLabServer(lab: Lab, path: string, report: (text: string) => void): Promise<LabServer> {
  const busy = new Set<string>();
  const server = createServer((request, response) => {
    route(request, response).catch((error) => {
      report(`The lab could not answer ${request.method} ${request.url}: ${error.stack}`);
      if (!response.headersSent) answer(response, 500, `The lab could not answer: ${error.message}\n`);
      else response.destroy();
    });
  });

  async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'GET' && request.url === '/') return answerJson(response, lab.status());
    if (request.method === 'GET' && request.url === '/boxes') return answerJson(response, await listBoxes(lab.vagrantHome));
    const [, name = '', wanted = ''] = /^\/machines\/([^/]+)\/([a-z]+)$/.exec(request.url ?? '') ?? [];
    const action = actions.find((candidate) => candidate === wanted);
    if (request.method !== 'POST' || !machineName.test(name) || !action) return answer(response, 404, 'The lab has nothing there.\n');
    const body = requestSchema.safeParse(await readJson(request));
    if (!body.success) return answer(response, 400, `The lab does not understand this request: ${body.error.message}\n`);
    if (busy.has(name)) return answer(response, 409, lockedText(name, action));
    busy.add(name);
    try {
      await performAction(response, (say) => perform(action, { lab, name, request: body.data, say }));
    } finally {
      busy.delete(name);
    }
  }

  async function performAction(
    response: ServerResponse,
    work: (say: Parameters<typeof perform>[1]['say']) => Promise<void>,
  ): Promise<void> {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    const send = (message: ActionMessage) => void response.write(`${JSON.stringify(message)}\n`);
    let error: string | null = null;
    try {
      await work({ output: (text) => send({ say: 'output', text }), detail: (text) => send({ say: 'detail', text }) });
    } catch (failure) {
      error = failure instanceof Error ? failure.message : String(failure);
      if (!(failure instanceof ActionError)) report(`An action failed: ${failure instanceof Error ? failure.stack : failure}`);
    }
    send({ say: 'end', error });
    response.end();
  }

  await rm(path, { force: true }); // of a lab that was killed
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  await chmod(path, 0o600);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function lockedText(name: string, action: string): string {
  return `An action '${action}' was attempted on the machine '${name}',
but another process is already executing an action on the machine.
Wait until the other Vagrant process has finished, then try again.`;
}

function answerJson(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(text);
}

/** Null for what is not JSON, or too long to be a request. */
async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maximumBody) return null;
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    return null;
  }
}
