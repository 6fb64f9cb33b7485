// A page that clicks through the tutorial by itself: the same server action, the same socket, no browser.
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { io, type Socket } from 'socket.io-client';
import { type Step, type TerminalName, terminalNames } from '#lib/shared/chapter.ts';
import type { CheckReport } from '#lib/shared/check.ts';
import type { AttachReply, ClientEvents, ServerEvents } from '#lib/shared/protocol.ts';
import { isEnded, type Run } from '#lib/shared/run.ts';
import { socketParser } from '#lib/shared/socket-parser.ts';

export interface SoakPage {
  /** Opens the chapter, as reading it does. */
  read(chapter: string): Promise<void>;
  /** Clicks on the step's button and waits until it is proven. @throws Error with what went wrong */
  play(chapter: string, step: Step): Promise<void>;
  /** Types a command into the shell and waits for the next prompt. */
  type(command: string): Promise<void>;
  close(): void;
}

/** No step of the tutorial takes longer. */
const longestMs = 180_000;
const size = { cols: 120, rows: 40 };

/** @param address the URL that the app prints, with its token */
export async function openSoakPage(address: string): Promise<SoakPage> {
  const url = new URL(address);
  const headers = { authorization: `Bearer ${url.searchParams.get('token')}` };
  const action = findAction('startRun');
  const socket: Socket<ServerEvents, ClientEvents> = io(url.origin, {
    parser: socketParser,
    transports: ['websocket'],
    extraHeaders: headers,
    forceNew: true,
    reconnection: false,
  });
  const runs = new Map<string, Run>();
  const checks = new Map<string, CheckReport>();
  const prompts = new Map<TerminalName, number>();
  const lastOutput = new Map<TerminalName, string>();
  const listeners = new Set<() => void>();
  const changed = () => [...listeners].forEach((listener) => void listener());

  socket.on('run', (run) => {
    runs.set(run.id, run);
    if (run.status === 'running' && run.question) socket.emit('run:answer', run.id);
    changed();
  });
  socket.on('check', (report) => {
    checks.set(report.step, report);
    changed();
  });
  socket.on('terminal:state', ({ terminal, status }) => {
    if (status === 'prompt') prompts.set(terminal, (prompts.get(terminal) ?? 0) + 1);
    changed();
  });
  socket.on('terminal:output', (name, offset, bytes) => {
    lastOutput.set(name, ((lastOutput.get(name) ?? '') + Buffer.from(bytes).toString()).slice(-2000));
    socket.emit('terminal:ack', name, offset + bytes.length);
  });
  socket.on('disconnect', changed);
  await new Promise<void>((resolve, reject) => void socket.once('connect', resolve).once('connect_error', reject));
  for (const terminal of terminalNames) {
    const answer = await new Promise<AttachReply>((resolve) =>
      socket.emit('terminal:attach', { terminal, offset: null, page: 'soak', size }, resolve),
    );
    if (!answer.ok) throw new Error(answer.reason);
    if (answer.state.status !== 'prompt') await until(() => prompts.has(terminal) || null, `the prompt of "${terminal}"`);
  }

  return {
    async read(chapter) {
      socket.emit('chapter:open', chapter);
      const answer = await fetch(`${url.origin}/${chapter}`, { headers });
      if (!answer.ok) throw new Error(`The page of the chapter "${chapter}" was answered with status ${answer.status}.`);
      await answer.text();
    },
    async play(chapter, step) {
      const id = await start(chapter, step.id);
      const run = await until(() => {
        const known = runs.get(id);
        return known && (isEnded(known) || (known.status === 'running' && known.reached)) ? known : null;
      }, `the end of "${step.id}"`);
      if (run.status !== 'succeeded' && run.status !== 'running') {
        const reason = 'reason' in run ? run.reason : run.status;
        throw new Error(`The step "${step.id}" did not work: ${reason}\n${lastOutput.get(step.terminal) ?? ''}`);
      }
      if (run.status === 'running') {
        socket.emit('run:stop', id);
        await until(() => isEnded(runs.get(id)!) || null, `the end of "${step.id}", which was stopped`);
      }
      if (step.check) await until(() => checks.get(step.id)?.status === 'passed' || null, `the proof of "${step.id}"`);
      for (const each of [...runs.keys()]) if (each !== id) runs.delete(each);
    },
    async type(command) {
      const before = prompts.get('shell') ?? 0;
      socket.emit('terminal:input', 'shell', `${command}\r`);
      await until(() => (prompts.get('shell') ?? 0) > before || null, `the prompt after \`${command}\``);
    },
    close: () => void socket.disconnect(),
  };

  async function start(chapter: string, step: string): Promise<string> {
    checks.delete(step);
    const answer = await fetch(`${url.origin}/${chapter}`, {
      method: 'POST',
      headers: {
        ...headers,
        origin: url.origin,
        accept: 'text/x-component',
        'content-type': 'text/plain;charset=UTF-8',
        'next-action': action,
      },
      body: JSON.stringify([{ chapter, step, key: randomUUID() }]),
    });
    const text = await answer.text();
    const run = /"run":"([^"]+)"/.exec(text)?.[1];
    if (!run) throw new Error(`The step "${step}" could not be started: status ${answer.status}, ${text.slice(0, 500)}`);
    return run;
  }

  function until<Value>(look: () => Value | null, what: string): Promise<Value> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => settle(() => reject(new Error(`Waited in vain for ${what}.\n${lastOutput.get('shell')}`))), longestMs);
      const check = () => {
        const found = look();
        if (found !== null) settle(() => resolve(found));
        else if (!socket.connected) settle(() => reject(new Error(`The connection ended while waiting for ${what}.`)));
      };
      const settle = (end: () => void) => {
        clearTimeout(timer);
        listeners.delete(check);
        end();
      };
      listeners.add(check);
      check();
    });
  }
}

/** The id under which the built pages know a server action. */
function findAction(name: string): string {
  const manifest: { node: Record<string, { exportedName: string }> } = JSON.parse(
    readFileSync(join('.next', 'server', 'server-reference-manifest.json'), 'utf8'),
  );
  const found = Object.entries(manifest.node).find(([, { exportedName }]) => exportedName === name);
  if (!found) throw new Error(`The built pages have no action "${name}": build them again with \`npm run build\`.`);
  return found[0];
}
