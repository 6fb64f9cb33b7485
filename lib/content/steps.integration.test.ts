// Types the steps that need no cluster into a real bash with an empty HOME, in their order, and asks their checks before and after.
import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import type { Step } from '#lib/shared/chapter.ts';
import { fillText } from './fill-variables.ts';
import { loadContent } from './load-content.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const token = '0123456789abcdef0123456789abcdef';
const wanted = [
  'clone',
  'look-at-files',
  'clone-vagrant',
  'look-at-vagrant',
  'enter',
  'config',
  'look-at-config',
  'user-data',
  'look-at-user-data',
];
const steps = [...wanted, 'discovery', 'look-at-discovery', 'setup-script', 'read-setup-script', 'read-service'];

test('the steps up to the start of the cluster work in an empty home, prove themselves, and work again', { timeout: 60_000 }, async () => {
  const { chapters } = await loadContent(join(root, 'content'));
  const all = chapters.flatMap(({ blocks }) => blocks.flatMap((block) => (block.kind === 'step' ? [block.step] : [])));
  const home = makeHome();
  const discovery = await serveDiscovery();
  const run = (command: string) => {
    const text = fillText(command, { ssh_port: '2222', discovery: discovery.url, address: '172.17.8.101' });
    return home.bash(`set -e\n${text}`);
  };
  for (const id of steps) {
    const step: Step = all.find((each) => each.id === id) ?? expect.fail(`There is no step "${id}".`);
    if (step.check) expect((await run(step.check.command)).status, `the check of ${id} before its step`).not.toBe(0);
    const first = await run(step.command);
    expect(first, id).toMatchObject({ status: 0, stderr: id.startsWith('clone') ? expect.stringContaining('Cloning into') : '' });
    if (step.check) expect((await run(step.check.command)).status, `the check of ${id} after its step`).toBe(0);
    // A second clone is refused by git, which the text says; all others may be repeated.
    if (!id.startsWith('clone')) expect(await run(step.command), `${id} once more`).toMatchObject({ status: 0 });
  }
  expect(discovery.requests).toContain('/new?size=1');
  expect(discovery.requests).toContain(`/${token}/_config/size`);
  const userData = readFileSync(join(home.directory, 'coreos-vagrant/user-data'), 'utf8');
  expect(userData).toMatch(new RegExp(`^    discovery: ${discovery.url}/${token}$`, 'm'));
  const shipped = readFileSync(join(root, 'coreos/user-data'), 'utf8');
  const withoutDiscovery = (text: string) => text.replace(/^ *discovery: .*$/m, '');
  expect(withoutDiscovery(userData)).toBe(withoutDiscovery(shipped));
});

/** An empty home whose git finds both repositories on this computer. */
function makeHome() {
  const parent = mkdtempSync(join(tmpdir(), 'steps-'));
  onTestFinished(() => rmSync(parent, { recursive: true }));
  const directory = join(parent, 'home');
  mkdirSync(directory);
  const reflector = makeRepository(join(parent, 'coreos-reflector'), (path) => {
    cpSync(join(root, 'coreos'), join(path, 'coreos'), { recursive: true });
    cpSync(join(root, 'reflector'), join(path, 'reflector'), { recursive: true });
    cpSync(join(root, 'reflector/reflector.service'), join(path, 'reflector.service'));
  });
  const vagrant = makeRepository(join(parent, 'coreos-vagrant'), (path) =>
    cpSync(join(root, 'coreos/coreos-vagrant'), path, { recursive: true }),
  );
  const env = {
    PATH: process.env.PATH,
    HOME: directory,
    LC_ALL: 'C',
    NODE_ENV: 'test' as const,
    GIT_CONFIG_COUNT: '2',
    GIT_CONFIG_KEY_0: `url.${reflector}.insteadOf`,
    GIT_CONFIG_VALUE_0: 'https://github.com/pandastrike/coreos-reflector.git',
    GIT_CONFIG_KEY_1: `url.${vagrant}.insteadOf`,
    GIT_CONFIG_VALUE_1: 'https://github.com/coreos/coreos-vagrant.git',
  };
  /** Not the synchronous kind: the discovery service lives in this very process. */
  const bash = (script: string) =>
    new Promise<{ status: number | null; stdout: string; stderr: string }>((resolve) => {
      const child = execFile('bash', ['-c', script], { cwd: directory, env }, (_error, stdout, stderr) =>
        resolve({ status: child.exitCode, stdout, stderr }),
      );
    });
  return { directory, bash };
}

function makeRepository(path: string, fill: (path: string) => void): string {
  mkdirSync(path);
  fill(path);
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', path, '-c', 'user.name=t', '-c', 'user.email=t@t.example', ...args], {
      env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null' },
    });
  git('init', '-q');
  git('add', '.');
  git('commit', '-q', '-m', 'files');
  return path;
}

/** The part of the discovery protocol that the steps use. */
async function serveDiscovery() {
  const requests: string[] = [];
  const server = createServer(({ url = '' }, response) => {
    requests.push(url);
    const { port } = server.address() as AddressInfo;
    if (url === '/new?size=1') response.end(`http://127.0.0.1:${port}/${token}`);
    else if (url === `/${token}/_config/size`) response.end('{"action":"get","node":{"value":"1"}}\n');
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}
