// The walkthrough as somebody types it into `npm run shell`, in an ordinary terminal and without the app.
import { join } from 'node:path';
import { expect, inject, onTestFinished, test } from 'vitest';
import { workspaceMark } from '#lib/server/settings.ts';
import { markedProcesses } from '#lib/server/survivors.ts';
import { startPtyHost } from '#lib/terminal/pty-host.ts';
import { makeWorkspace, removeWorkspace } from './app.ts';

const patience = 30_000;
/** Ends every command's output; built by the shell, so that the typed line does not contain it. */
const done = /done:(\d+)\r/g;

test('every command of the walkthrough works typed by hand, and leaving the shell leaves nothing running', {
  timeout: 180_000,
}, async () => {
  const workspace = makeWorkspace();
  onTestFinished(() => removeWorkspace(workspace));
  const { type, run, seen, exited } = await openShell(workspace);

  await run('git clone https://github.com/pandastrike/coreos-reflector.git');
  await run('git clone https://github.com/coreos/coreos-vagrant.git');
  await run('cd coreos-vagrant');
  for (const file of ['config.rb', 'user-data', 'vagrant-setup']) await run(`cp ~/coreos-reflector/coreos/${file} .`);
  await run('url=$(curl -s "$DISCOVERY/new?size=1")');
  await run('sed -i.bak "s|discovery: .*|discovery: $url|" user-data');
  expect(await run('bash vagrant-setup')).toContain('Machine booted and ready!');
  const port = /22 \(guest\) => (\d+) \(host\)/.exec(seen())?.[1];
  const fleetctl = `fleetctl --tunnel 127.0.0.1:${port}`;

  const question = 'Are you sure you want to continue connecting (yes/no)?';
  const started = await run(`${fleetctl} start ~/coreos-reflector/reflector.service`, { [question]: 'yes\r' });
  expect(started).toContain('Unit reflector.service launched on');
  const online = 'The server is online and listening on Port 80';
  const journal = await run(
    `${fleetctl} journal -follow=true ~/coreos-reflector/reflector.service`,
    { [question]: 'yes\r', [online]: '\x03' },
    'any',
  );
  expect(journal).toContain(online);

  const request = String.raw`printf 'GET / HTTP/1.0\r\nHost: 172.17.8.101\r\n\r\n'`;
  const answer = await run(
    `${request} | ssh -F none -p ${port} -o UserKnownHostsFile="$HOME/.fleetctl/known_hosts" -W 172.17.8.101:80 core@127.0.0.1`,
  );
  expect(answer).toContain("I've received your request loud and clear.");
  expect(answer).toContain('Host: 172.17.8.101');
  expect(await run('vagrant destroy -f')).toContain('Destroying VM and associated drives...');

  type('exit\r');
  expect(await exited).toBe(0);
  expect(markedProcesses(workspaceMark(workspace))).toEqual([]);
});

async function openShell(workspace: string) {
  const programs = inject('programs');
  const host = startPtyHost({ program: join(programs, 'pty-host.mjs') });
  onTestFinished(() => host.close());
  const pty = await host.open({
    file: process.execPath,
    args: [join(programs, 'shell.mjs'), '--workspace', workspace],
    directory: process.cwd(),
    environment: { PATH: process.env.PATH ?? '', TERM: 'xterm' },
    size: { cols: 400, rows: 50 },
  });
  let text = '';
  pty.onOutput((bytes) => {
    text += bytes.toString();
  });
  const exited = new Promise((resolve) => pty.onExit(({ status }) => resolve(status)));
  await waitFor(() => text.includes('$ '));

  /** Types a command, answers what it asks, and gives its output; it must end with status 0 unless `status` is `any`. */
  async function run(command: string, answers: Record<string, string> = {}, status: 'success' | 'any' = 'success'): Promise<string> {
    const from = text.length;
    const output = () => text.slice(from);
    pty.write(`${command}; echo "done:$?"\r`);
    for (const [question, answer] of Object.entries(answers)) {
      await waitFor(() => output().includes(question));
      pty.write(answer);
    }
    let ended: RegExpMatchArray | undefined;
    await waitFor(() => {
      ended = [...output().matchAll(done)].at(-1);
      return ended !== undefined;
    });
    if (status === 'success') expect(ended?.[1], output()).toBe('0');
    return output();
  }

  async function waitFor(condition: () => boolean) {
    await expect.poll(condition, { timeout: patience, message: `so far:\n${text}` }).toBe(true);
  }
  return { run, type: (keys: string) => pty.write(keys), seen: () => text, exited };
}
