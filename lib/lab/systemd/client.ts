// How systemctl and journalctl reach the machine they run on: its systemd.sock, named by the environment.
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';

export interface Answer {
  status: number;
  body: unknown;
}

/** Asks and reads the whole answer. Rejects with a sentence for the learner when the machine cannot be reached. */
export async function ask(method: 'GET' | 'POST', path: string): Promise<Answer> {
  const response = await send(method, path);
  let text = '';
  response.setEncoding('utf8');
  for await (const chunk of response) text += chunk;
  return { status: response.statusCode ?? 0, body: JSON.parse(text) };
}

/** Asks and hands over the answer line by line, as it comes. Ends when the machine does. */
export async function* askLines(path: string): AsyncGenerator<unknown> {
  const response = await send('GET', path);
  response.setEncoding('utf8');
  let rest = '';
  try {
    for await (const chunk of response) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop()!;
      for (const line of lines) yield JSON.parse(line);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error; // the machine has gone down
  }
}

function send(method: string, path: string): Promise<IncomingMessage> {
  const run = process.env.COREOS_MACHINE;
  if (!run) {
    throw new Error(
      'No machine to talk to: COREOS_MACHINE is not set. This command works inside a machine of the lab; enter one with vagrant ssh.',
    );
  }
  const socketPath = join(run, 'systemd.sock');
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, method, path, agent: false }, resolve);
    sent.once('error', (error: NodeJS.ErrnoException) => {
      const reason = error.code === 'ENOENT' || error.code === 'ECONNREFUSED' ? 'the machine is not running' : error.message;
      reject(new Error(`Failed to reach systemd at ${socketPath}: ${reason}.`, { cause: error }));
    });
    sent.end();
  });
}
