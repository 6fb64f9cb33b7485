import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, inject, onTestFinished, test } from 'vitest';
import { testWith } from '#lib/testing/peers.ts';
import { startOurEtcd } from '../etcd-fixture.ts';

interface Result {
  out: string;
  err: string;
  status: number | null;
}

function run(program: string, words: string[], environment: Record<string, string>, input?: string): Promise<Result> {
  const env = { PATH: process.env.PATH, ...environment } as unknown as NodeJS.ProcessEnv;
  const child = spawn(program, words, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill());
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk) => (out += chunk));
  child.stderr.on('data', (chunk) => (err += chunk));
  child.stdin.end(input);
  return new Promise((resolve) => child.on('close', (status) => resolve({ out, err, status })));
}

const ours = (words: string[], environment: Record<string, string>, input?: string) =>
  run(process.execPath, [join(inject('programs'), 'etcdctl.cjs'), ...words], environment, input);
const real = (words: string[], environment: Record<string, string>, input?: string) =>
  run('etcdctl', words, { ...environment, ETCDCTL_API: '2' }, input);

// Each line runs in order against both, each with an etcd of its own.
const script = `
set /a 1
set /a 2 --swap-with-value 1
set /a 3 --swap-with-value 9
set /a 3 --swap-with-index 5
set a b c
set
set /a
-o json set /a 4
-o extended set /a 5
get /a
get /nope
get
-o json get /a
-o extended get /a
mk /a 1
mk /m 1
mk --in-order /queue v
update /a 9
update /nope 9
mkdir /d
mkdir /d
setdir /d2
setdir /d
updatedir /d --ttl 100
ls --sort
ls --sort --recursive -p /
ls /nope
ls /a
-o json ls --sort /queue
get /d
rm /m
rm /d
rm --dir /d
rmdir /d2
rmdir /queue
rm /a --with-value 7
rm /a --with-index 3
rm /a --with-value 9
rm --recursive /queue
rm
set /x/y 1
-o json rm /x/y
rmdir /x
nosuch
--version
watch
--no-sync get /x
member list
cluster-health
`;

testWith('etcdctl')(
  'prints what the real etcdctl prints, with its exit status',
  async () => {
    const [left, right] = [await startOurEtcd(), await startOurEtcd()];
    const hide = ({ out, err, status }: Result) => ({
      out: out
        .replace(/\b[0-9a-f]{16}\b/g, 'ID')
        .replaceAll(/127\.0\.0\.1:\d+/g, 'ADDRESS')
        .replaceAll(/"expiration":"[^"]*"/g, ''),
      err,
      status,
    });
    for (const line of script.trim().split('\n')) {
      const words = line.split(' ');
      const [expected, actual] = await Promise.all([
        real(words, { ETCDCTL_ENDPOINTS: left.url }),
        ours(words, { ETCDCTL_ENDPOINTS: right.url }),
      ]);
      expect({ line, ...hide(actual) }).toEqual({ line, ...hide(expected) });
    }
  },
  60_000,
);

test('takes the value from stdin when it is not on the line', async () => {
  const { url, etcd } = await startOurEtcd();
  expect(await ours(['set', '/p'], { ETCDCTL_ENDPOINT: url }, 'two\nlines')).toMatchObject({ out: 'two\nlines\n', status: 0 });
  expect(etcd.store.get('/p').node.value).toBe('two\nlines');
});

test('a recursive watch for ever shows each action with its key', async () => {
  const { url, etcd } = await startOurEtcd();
  const child = spawn(process.execPath, [join(inject('programs'), 'etcdctl.cjs'), '-C', url, 'watch', '--forever', '--recursive', '/x']);
  onTestFinished(() => void child.kill());
  let out = '';
  child.stdout.on('data', (chunk) => (out += chunk));
  await expect.poll(() => etcd.store.watchers).toBe(1);
  etcd.store.set('/x/1', { value: 'a' });
  etcd.store.set('/x/1', { value: 'b' }); // comes while the client is on its way back: history has it
  etcd.store.delete('/x/1');
  await expect.poll(() => out).toBe('[set] /x/1\na\n[set] /x/1\nb\n[delete] /x/1\nPrevNode.Value: b\n');
});

test('says which endpoint refused, with exit status 2', async () => {
  const refused = 'error #0: dial tcp 127.0.0.1:1: connect: connection refused\n';
  const result = await ours(['--endpoints', 'http://127.0.0.1:1', 'get', '/a'], {});
  const headline = `Error:  client: etcd cluster is unavailable or misconfigured; ${refused}`;
  expect(result).toEqual({ out: '', err: `${headline}\n${refused}\n`, status: 2 });
});
