import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type App, makeWorkspace, removeWorkspace, startApp } from '#lib/testing/app.ts';
import { savedOutput } from '#lib/testing/saved-output.ts';
import { openSocketPage } from '#lib/testing/socket-page.ts';
import { createAgentKeys } from './agent-keys.ts';
import { startSshAgent } from './ssh-agent.ts';

const path = { PATH: process.env.PATH ?? '' };

test.each(['rsa', 'ed25519', 'ecdsa'])('a loaded %s key is loaded again into the next agent, wherever its file lies', async (type) => {
  const { home, agent, makeKey, list } = await workspace();
  const key = makeKey(join(home, 'my-key'), type);
  const first = await agent();
  first.add(key);
  await first.keys.remember('ssh-add my-key', home);
  await first.close();

  const second = await agent();
  expect(list()).toEqual([]);
  await second.keys.reload();
  expect(list()).toHaveLength(1);
  expect(list()[0]).toContain(publicKey(key));
});

test('a key that was taken out of the agent is not loaded again', async () => {
  const { home, agent, makeKey, list } = await workspace();
  const [kept, dropped] = [makeKey(join(home, '.ssh/id_one')), makeKey(join(home, '.ssh/id_two'))];
  const first = await agent();
  first.add(kept);
  first.add(dropped);
  await first.keys.remember();
  execFileSync('ssh-add', ['-q', '-d', dropped], { env: agentAt(first.socket), stdio: 'ignore' });
  await first.keys.remember();
  await first.close();
  await (await agent()).keys.reload();
  expect(list().map((line) => line.split(' ')[1])).toEqual([publicKey(kept)]);
});

test('a key file that is gone is told, and the others are loaded', async () => {
  const { home, agent, makeKey, list, told } = await workspace();
  const [gone, kept] = [makeKey(join(home, '.ssh/id_gone')), makeKey(join(home, '.ssh/id_kept'))];
  const first = await agent();
  first.add(gone);
  first.add(kept);
  await first.keys.remember();
  await first.close();
  renameSync(gone, `${gone}.moved`);
  await (await agent()).keys.reload();
  expect(list()).toHaveLength(1);
  expect(told).toEqual([expect.stringMatching(/The key .*id_gone could not be loaded .*Try `ssh-add .*id_gone`\./)]);
});

test.each(['SIGTERM', 'SIGKILL'] as const)("the app's agent has its keys again after %s", async (signal) => {
  const directory = makeWorkspace();
  const app = await launch(directory);
  const page = await openSocketPage(app);
  await page.attach();
  page.type('ssh-keygen -q -t ed25519 -N "" -f ~/other_key && ssh-add -q ~/other_key; ssh-add -l; echo "done $((1 + 1))"\r');
  await expect.poll(page.text).toMatch(/done 2\r\n[\s\S]*\$ /);
  const fingerprint = /SHA256:\S+/.exec(page.text())?.[0];
  await expect.poll(() => readFileSync(join(directory, 'state/agent-keys.json'), 'utf8')).toContain('other_key');
  await expect.poll(() => savedOutput(join(directory, 'state/terminals/shell'))).toBe(page.text());
  page.socket.disconnect();
  await app.stop(signal);

  const next = await openSocketPage(await launch(directory));
  await next.attach();
  await expect.poll(next.text).toMatch(/was restarted[\s\S]*\$ /);
  const from = next.text().length;
  next.type('ssh-add -l; echo "again $((1 + 1))"\r');
  await expect.poll(next.text).toContain('again 2');
  expect(next.text().slice(from)).toContain(fingerprint);
});

function agentAt(socket: string): NodeJS.ProcessEnv {
  return { ...process.env, SSH_AUTH_SOCK: socket };
}

function publicKey(file: string): string {
  return readFileSync(`${file}.pub`, 'utf8').split(' ')[1] as string;
}

async function workspace() {
  const home = mkdtempSync(join(tmpdir(), 'agent-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  mkdirSync(join(home, '.ssh'));
  const socket = join(home, 'agent.sock');
  const told: string[] = [];
  return {
    home,
    told,
    makeKey(file: string, type = 'ed25519') {
      execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-C', 'a comment', '-f', file]);
      chmodSync(file, 0o600);
      return file;
    },
    list(): string[] {
      try {
        return execFileSync('ssh-add', ['-L'], { env: agentAt(socket), encoding: 'utf8' })
          .trim()
          .split('\n');
      } catch {
        return []; // its status says that it has none
      }
    },
    async agent() {
      const { close } = await startSshAgent('ssh-agent', socket, path);
      onTestFinished(close);
      const report = (text: string) => void told.push(text);
      const keys = createAgentKeys({ socket, file: join(home, 'keys.json'), home, sshAdd: 'ssh-add', environment: path, report });
      const add = (key: string) => execFileSync('ssh-add', ['-q', key], { env: agentAt(socket) });
      return { socket, keys, close, add };
    },
  };
}

async function launch(workspace: string): Promise<App> {
  onTestFinished(() => removeWorkspace(workspace));
  const app = await startApp({ workspace });
  onTestFinished(async () => void (await app.stop()));
  return app;
}
