import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, inject, onTestFinished, test } from 'vitest';
import { testWith } from '#lib/testing/peers.ts';
import { startOurEtcd } from '../etcd-fixture.ts';
import { startRealEtcd } from '../real-etcd.ts';
import { runEtcdctl } from './run.ts';

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

/** Without a process of its own, which most of the comparisons need not have. */
async function call(words: string[], environment: Record<string, string>): Promise<Result> {
  const said = { out: '', err: '' };
  const stdout = (text: string) => {
    said.out += text;
  };
  const stderr = (text: string) => {
    said.err += text;
  };
  const status = await runEtcdctl(words, { environment, stdout, stderr });
  return { ...said, status };
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
set /a -- 1
set -- /a -1
set -- /a -- 1
set /a -x
set -x /a
set /a --ttl=0 5
set --ttl x /a 5
set /a 1 2 3
set / x
mk /q2 --in-order v
get /a b c
get /a --
get /a --quorum=maybe
-- get /a
ls / --nosuch
ls --nosuch /
ls -r=false --sort /
ls --sort -rp /
ls -
rm /a /b
update /a
update /a 1
updatedir /d2
mkdir
mkdir /t --ttl 100
-o bad get /x
--timeout 1s get /x
--timeout bad get /x
--total-timeout 1ns get /x
--username u:p set /u 1
--debug set /dbg 1
--debug --no-sync get /dbg
--debug ls --sort /
--debug member list
--debug rm /dbg
nosuch
--nosuch
--version
-v
watch
watch --after-index x /a
watch --after-index 1 /m
exec-watch
exec-watch /a
exec-watch /a --
--no-sync get /x
member
member list
member list x
member nosuch
member list --nosuch
member add
member add a
member add a b c
member add a notaurl
member remove
member remove zz
member remove core-01
member update
member update zz
member update zz http://127.0.0.1:1
cluster-health
cluster-health extra
help
h
help get
help nosuch
help member
member help
member help add
member help nosuch
get -h
-h
--help get
${[...'backup cluster-health mk mkdir rm rmdir get ls set setdir update updatedir watch exec-watch member user role auth'.split(' ')]
  .map((command) => `${command} --help`)
  .join('\n')}
${['add', 'get', 'list', 'remove', 'grant', 'revoke', 'passwd'].map((command) => `user ${command} -h`).join('\n')}
${['add', 'get', 'list', 'remove', 'grant', 'revoke'].map((command) => `role ${command} -h`).join('\n')}
auth enable -h
auth disable -h
member add -h
member remove -h
member update -h
`;

/** Without a value on the line. */
const readsInput = /^(set|update)( \/a)?$/;

testWith('etcdctl')(
  'prints what the real etcdctl prints, with its exit status',
  async () => {
    const [left, right] = [await startOurEtcd(), await startOurEtcd()];
    const hide = (text: string) =>
      text
        .replace(/\b[0-9a-f]{16}\b/g, 'ID')
        .replaceAll(/127\.0\.0\.1:\d+/g, 'ADDRESS')
        .replaceAll(/"expiration":"[^"]*"/g, '');
    const visible = ({ out, err, status }: Result) => ({ out: hide(out), err: hide(err), status });
    for (const line of script.trim().split('\n')) {
      const words = line.split(' ');
      const [expected, actual] = await Promise.all([
        real(words, { ETCDCTL_ENDPOINTS: left.url }),
        (readsInput.test(line) ? ours : call)(words, { ETCDCTL_ENDPOINTS: right.url }),
      ]);
      expect({ line, ...visible(actual) }).toEqual({ line, ...visible(expected) });
    }
  },
  180_000,
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

testWith('etcdctl')('exec-watch runs its command with each event, as the real one does', async () => {
  const { url, etcd } = await startOurEtcd();
  const words = [
    'exec-watch',
    '--recursive',
    '/x',
    '--',
    'sh',
    '-c',
    'echo $ETCD_WATCH_ACTION $ETCD_WATCH_KEY $ETCD_WATCH_MODIFIED_INDEX $ETCD_WATCH_VALUE',
  ];
  const program = [process.execPath, join(inject('programs'), 'etcdctl.cjs')];
  const outputs = [program, ['etcdctl']].map(([file, ...before]) => {
    const env = { PATH: process.env.PATH, ETCDCTL_API: '2', ETCDCTL_ENDPOINTS: url } as unknown as NodeJS.ProcessEnv;
    const child = spawn(file!, [...before, ...words], { env });
    onTestFinished(() => void child.kill('SIGKILL'));
    const said = { out: '' };
    child.stdout.on('data', (chunk) => {
      said.out += chunk;
    });
    return said;
  });
  await expect.poll(() => etcd.store.watchers).toBe(2);
  // The real one does not wait for a command to end before it starts the next.
  const bothSay = (said: string) => expect.poll(() => outputs.map(({ out }) => out)).toEqual([said, said]);
  etcd.store.set('/x/1', { value: 'a' });
  await bothSay('set /x/1 4 a\n');
  etcd.store.set('/x/1', { value: 'two words' });
  await bothSay('set /x/1 4 a\nset /x/1 5 two words\n');
  etcd.store.delete('/x/1');
  await bothSay('set /x/1 4 a\nset /x/1 5 two words\ndelete /x/1 6\n');
});

testWith('etcdctl')('a program that exec-watch cannot start is named, as the real one does', async () => {
  const { url, etcd } = await startOurEtcd();
  etcd.store.set('/k', { value: 'v' });
  for (const program of ['/nonexistent', 'nonexistent']) {
    const words = ['exec-watch', '--after-index', '3', '/k', program];
    const [expected, actual] = await Promise.all([
      real([...words.slice(0, 3), program, '/k'], { ETCDCTL_ENDPOINTS: url }),
      call([...words.slice(0, 3), program, '/k'], { ETCDCTL_ENDPOINTS: url }),
    ]);
    expect(actual).toEqual(expected);
  }
});

testWith('etcd', 'etcdctl')('member add and update tell a real cluster what the real ones tell it', async () => {
  // The member that is added never comes, and without a majority the leader gives up after about this time.
  const patient = ['--enable-v2', '--election-timeout', '5000'];
  const etcds = await Promise.all(['left', 'right'].map((name) => startRealEtcd([...patient, '--name', name])));
  for (const etcd of etcds) onTestFinished(() => etcd.stop());
  await Promise.all(etcds.map((etcd) => etcd.ready()));
  const [left, right] = [{ ETCDCTL_ENDPOINTS: etcds[0]!.url }, { ETCDCTL_ENDPOINTS: etcds[1]!.url }];
  // Members come in the order of their ids, and the id of one that is added depends on the second.
  const sorted = (list: string, separator: string) => list.split(separator).sort().join(separator);
  const hide = ({ out, err, status }: Result) => ({
    out: sorted(
      out
        .replaceAll(/\b[0-9a-f]{15,16}\b/g, 'ID')
        .replaceAll(/left|right/g, 'NAME')
        .replaceAll(/127\.0\.0\.1:\d+/g, 'ADDRESS')
        .replace(/(?<=INITIAL_CLUSTER=")[^"]*/, (members) => sorted(members, ',')),
      '\n',
    ),
    err: err.replaceAll(/left|right/g, 'NAME').replaceAll(/\b[0-9a-f]{15,16}\b/g, 'ID'),
    status,
  });
  const id = async (environment: Record<string, string>) => (await real(['member', 'list'], environment)).out.split(':')[0]!;
  const lines = (own: string) => [
    ['member', 'update', own, 'http://127.0.0.1:2'],
    ['member', 'update', own, 'http://127.0.0.1:2,bad'],
    ['member', 'update', 'fff', 'http://127.0.0.1:3'],
    ['member', 'remove', own.slice(1)],
    ['member', 'add', 'other', 'http://127.0.0.1:2'],
    ['member', 'add', 'other', 'http://127.0.0.1:9'],
    ['member', 'list'],
  ];
  const [forReal, forOurs] = [lines(await id(left)), lines(await id(right))];
  for (const [index, words] of forReal.entries()) {
    const expected = await real(words, left);
    const actual = await call(forOurs[index]!, right);
    expect({ words, ...hide(actual) }).toEqual({ words, ...hide(expected) });
  }
});

test('says which endpoint refused, with exit status 2', async () => {
  const refused = 'error #0: dial tcp 127.0.0.1:1: connect: connection refused\n';
  const result = await ours(['--endpoints', 'http://127.0.0.1:1', 'get', '/a'], {});
  const headline = `Error:  client: etcd cluster is unavailable or misconfigured; ${refused}`;
  expect(result).toEqual({ out: '', err: `${headline}\n${refused}\n`, status: 2 });
});
