/**
 * Fleet's own fleetctl against the lab. No package manager has that program: it is run when FLEETCTL names one, as in
 * `FLEETCTL=/path/to/fleetctl npx vitest run … real-fleetctl`. Ours says what 1.0 says, so that is what it is compared with.
 */
import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { prepareProject, type ShellResult, startAgent, startTestLab, type TestLab } from '../test-lab.ts';

const real = process.env.FLEETCTL;
const version = real ? execFileSync(real, ['--version'], { encoding: 'utf8' }).trim() : 'none';

interface Cluster {
  directory: string;
  /** Runs a line in the learner's bash; never rejects. */
  learner: TestLab['shell'];
  /** The flag that leads to the first machine. */
  tunnel: string;
}

/** Each client has units of its own, so that it finds no journal of the other's: `hello` and `web` stand for their names. */
const files: Record<string, string> = {
  'hello.service': '[Unit]\nDescription=Says it\n\n[Service]\nExecStart=/bin/sh -c "echo one; echo two; exec sleep 86400"\n',
  'v2/hello.service': '[Unit]\nDescription=Says it again\n\n[Service]\nExecStart=/bin/sleep 86400\n',
  'web@.service': '[Unit]\nDescription=Number %i\n\n[Service]\nExecStart=/bin/sleep 86400\n\n[X-Fleet]\nConflicts=we?@*.service\n',
  'v2/web@.service': '[Service]\nExecStart=/bin/sleep 86400\n',
  'everywhere.service': '[Service]\nExecStart=/bin/sleep 86400\n\n[X-Fleet]\nGlobal=true\n',
  'unknown.service': '[Service]\nExecStart=/bin/true\n\n[X-Fleet]\nBogus=1\n',
  'clash.service': '[Service]\nExecStart=/bin/true\n\n[X-Fleet]\nGlobal=true\nMachineOf=other.service\n',
  'nowhere.service': '[Service]\nExecStart=/bin/true\n\n[X-Fleet]\nMachineMetadata=region=mars\n',
  'garbage.service': 'this is no unit file\n',
  'section.service': '[Service\nExecStart=/bin/true\n',
  'option.service': '[Service]\nExecStart\n',
  'long.service': `[Service]\nExecStart=${'x'.repeat(3000)}\n`,
  'empty.service': '',
};

/** In order: each client begins with an empty fleet and leaves one. */
const subcommands = `
list-machines
list-machines --full
list-machines --no-legend
list-machines --fields=ip,machine
list-machines --fields=nosuch
list-machines --fields=
list-units
list-unit-files
cat hello.service
status hello.service
journal hello.service
stop hello.service
unload hello.service
destroy hello.service
restart nosuch.service
start nosuch.service
load nosuch
submit ./nosuch.service
start web@1.service --no-block nosuch@1.service
destroy web@1
submit
load
start
restart
stop
unload
destroy
cat
cat a b
journal
status
submit garbage.service
submit section.service
submit option.service
submit long.service
submit empty.service
submit clash.service
submit 'a b.service'
submit nodir/nosuch.timer
submit unknown.service
destroy unknown.service
submit hello.service
submit hello.service
submit --replace hello.service
submit v2/hello.service
submit --replace v2/hello.service
cat hello
submit --replace hello
list-unit-files
list-unit-files --full
list-unit-files --no-legend --fields=unit,desc,global,tmachine
list-units
cat hello
status hello
journal hello
stop hello
unload hello
load hello
load hello
submit --replace v2/hello
list-unit-files
list-units --fields=unit,load,active,sub,machine,hash
start hello.service
start hello.service
list-units
list-units --full
list-units --full --no-legend --fields=hash,unit
status hello.service
status hello nosuch
status nosuch hello
journal --lines=2 hello.service
journal --lines=1 --output=cat hello
journal --lines=1 --sudo hello
ssh hello -- hostname
ssh hello hostname
ssh --unit=hello hostname
ssh hello 'exit 7'
ssh hello 'cat; echo bad >&2'
ssh --ssh-port=23 hello hostname
status --ssh-port=23 hello
ssh nosuch hostname
ssh
ssh --machine=zz hostname
ssh --unit=nosuch hostname
ssh --machine=a --unit=b hostname
stop --block-attempts=3 hello.service
stop hello.service
status hello.service
start hello
start --replace v2/hello.service
cat hello
unload hello.service
unload hello.service
restart hello
restart hello nosuch
destroy hello.service
destroy hello.service
submit web@.service
start web@.service
start web@1.service
start v2/web@1.service
start web@2.service
start web@3.service
load --no-block web@4.service
start --block-attempts=1 web@4.service
list-unit-files
list-units
stop --no-block web@1.service
unload web@1.service
unload web@2.service
destroy web@1.service web@2.service web@3.service web@4.service web@.service nosuch.service
start --block-attempts=1 nowhere.service
destroy nowhere.service
start everywhere.service
list-unit-files
journal everywhere.service
ssh everywhere hostname
ssh --unit=everywhere hostname
stop everywhere.service
unload everywhere.service
destroy everywhere.service
version
verify hello.service
nosuch
list-units --endpoint=nosuch
list-units --endpoint=http://127.0.0.1:1
list-units --endpoint=unix:///nosuch.sock
list-units --endpoint=file:///var/run/fleet.sock
list-units --endpoint=unix:///var/run/fleet.sock,http://127.0.0.1:1
list-units --endpoint=http://127.0.0.1:4001
list-units --endpoint=http://127.0.0.1:22
list-units --endpoint=ftp://nosuch
list-units --endpoint=unix://nosuch.sock
list-machines --driver=nosuch
`;

/** Where ours says it otherwise on purpose; the exit status is the same all the same. */
const onPurpose: Record<string, string> = {
  'ssh --ssh-port=23 hello hostname': 'the address and what failed, instead of an empty reason',
  'status --ssh-port=23 hello': 'the same',
  'list-units --endpoint=http://127.0.0.1:1': 'the same',
  'list-units --endpoint=http://127.0.0.1:22': 'what is wrong with the answer, in the words of Node',
  'list-units --endpoint=ftp://nosuch': 'which schemes there are',
  'FLEETCTL_STRICT_HOST_KEY_CHECKING=nonsense $F list-machines': 'a value that cannot be read is told, not ignored',
};

/** `$F` is fleetctl through the tunnel, `$K` a known_hosts file. */
const connections = `
$F --known-hosts-file=$K list-machines </dev/null
echo no | $F --known-hosts-file=$K list-machines
echo yes | $F --known-hosts-file=$K list-machines
$F --known-hosts-file=$K list-machines
cat $K; stat -c %a $K
$F start hello.service
$F --known-hosts-file=$K ssh hello hostname </dev/null
echo yes | $F --known-hosts-file=$K status hello >/dev/null
$F --known-hosts-file=$K journal --lines=1 hello
sed -i '/^172/!d; s/^[^ ]*/[127.0.0.1]:*,!8.8.8.8/' $K; $F --known-hosts-file=$K list-machines </dev/null
sed -i 's/^[^ ]*/*/' $K; $F --known-hosts-file=$K list-machines </dev/null
$F --known-hosts-file=$K --strict-host-key-checking=false list-machines
$F destroy hello.service
SSH_AUTH_SOCK= $F list-machines
SSH_AUTH_SOCK=/nosuch $F list-machines
$F --ssh-username=nobody list-machines
$F --tunnel=127.0.0.1:1 list-machines
FLEETCTL_STRICT_HOST_KEY_CHECKING=nonsense $F list-machines
FLEETCTL_ENDPOINT=nosuch $F list-machines
`;

test.skipIf(!real)(
  `the walkthrough by hand with ${version}`,
  async () => {
    const { learner, tunnel } = await startCluster(1);
    const machines = await learner(`echo yes | ${real} ${tunnel} list-machines`);
    expect(machines.stderr).toContain('Are you sure you want to continue connecting (yes/no)?');
    expect(machines.stdout).toMatch(/^MACHINE\t+IP\t+METADATA\n[0-9a-f]{8}\.\.\.\t172\.17\.8\.101\t-\n$/);
    const fleetctl = (args: string) => learner(`${real} ${tunnel} --strict-host-key-checking=false ${args} </dev/null`);
    const place = '[0-9a-f]{8}\\.\\.\\./172\\.17\\.8\\.101';

    // Version 1.0 ends with 1 when the unit still pulls its image two seconds later.
    const started = await fleetctl('start ../coreos-reflector/reflector.service');
    expect(started.stdout).toMatch(new RegExp(`^Unit reflector\\.service launched on ${place}$`, 'm'));
    const active = new RegExp(`^reflector\\.service\\t${place}\\tactive\\trunning$`, 'm');
    await expect.poll(async () => (await fleetctl('list-units')).stdout, { timeout: 20_000 }).toMatch(active);
    const launched = new RegExp(`^reflector\\.service\\t[0-9a-f]{7}\\tlaunched\\tlaunched\\t${place}$`, 'm');
    expect((await fleetctl('list-unit-files')).stdout).toMatch(launched);
    expect((await fleetctl('cat reflector')).stdout).toContain('[Service]\n');
    expect(await fleetctl('status reflector')).toMatchObject({ status: 0, stdout: expect.stringContaining('Active: active (running)') });
    expect((await fleetctl('journal --lines=3 reflector')).stdout.trimEnd().split('\n')).toHaveLength(4);
    const journal =
      await learner(`${real} ${tunnel} --strict-host-key-checking=false journal --follow=true reflector.service > journal & follower=$!
    until grep -q 'online and listening' journal; do sleep 0.1; done; kill $follower; cat journal`);
    expect(journal.stdout).toMatch(/ core-01 docker\[\d+\]: The server is online and listening on Port 80/);
    expect(await fleetctl('ssh reflector hostname')).toEqual({ status: 0, stdout: 'core-01\n', stderr: '' });
    expect((await fleetctl('stop reflector')).stdout).toMatch(new RegExp(`^Unit reflector\\.service loaded on ${place}$`, 'm'));
    expect((await fleetctl('unload reflector')).stdout).toBe('Unit reflector.service inactive\n');
    expect((await fleetctl('destroy reflector')).stdout).toBe('Destroyed reflector.service\n');
    expect((await fleetctl('list-unit-files --no-legend')).stdout).toBe('');
  },
  120_000,
);

test.skipIf(!version.includes(' 1.'))(
  'every subcommand prints and ends as in the real fleetctl',
  async () => {
    const { directory, learner, tunnel } = await startCluster(3);
    const unchecked = `${tunnel} --strict-host-key-checking=false`;
    await expect.poll(async () => (await learner(`fleetctl ${unchecked} list-machines`)).stdout).toMatch(/103/);

    async function runAll(program: string, letter: string): Promise<Map<string, ShellResult>> {
      const own = (text: string): string => text.replaceAll('hello', `hell${letter}`).replaceAll('web', `we${letter}`);
      const shared = (text: string): string => normalise(text).replaceAll(`hell${letter}`, 'hello').replaceAll(`we${letter}`, 'web');
      for (const [name, text] of Object.entries(files)) {
        await mkdir(join(directory, name, '..'), { recursive: true });
        await writeFile(join(directory, own(name)), own(text));
      }
      const lines = [
        ...split(subcommands).map((line) => [line, `${program} ${unchecked} ${line} </dev/null`] as const),
        ...split(connections).map((line) => [line, line.replace('$F', `${program} ${tunnel}`).replaceAll('$K', 'known/hosts')] as const),
      ];
      const results = new Map<string, ShellResult>();
      for (const [index, [line, command]] of lines.entries()) {
        const { status, stdout, stderr } = await learner(own(command));
        results.set(`${index} ${line}`, { status, stdout: shared(stdout), stderr: shared(stderr) });
      }
      await learner('rm -r known');
      return results;
    }

    const theirs = await runAll(real!, 'a');
    const ours = await runAll('fleetctl', 'b');
    for (const [line, result] of theirs) {
      const same = onPurpose[line.replace(/^\d+ /, '')] === undefined ? result : expect.objectContaining({ status: result.status });
      expect.soft(ours.get(line), line).toEqual(same);
    }
  },
  600_000,
);

/** The project of the walkthrough with its machines up. */
async function startCluster(size: number): Promise<Cluster> {
  const testLab = await startTestLab();
  const directory = await prepareProject(testLab, size);
  const agent = await startAgent(testLab);
  const learner: Cluster['learner'] = (line) => testLab.shell(`export SSH_AUTH_SOCK=${agent}; ${line}`, { directory });
  await learner(`sed -i.bak 's/num_instances=1/num_instances=${size}/' config.rb`);
  const setup = await learner('bash vagrant-setup');
  expect(setup.status, setup.stderr).toBe(0);
  return { directory, learner, tunnel: `--tunnel 127.0.0.1:${(await testLab.lab.status()).machines[0]!.sshPort}` };
}

function split(lines: string): string[] {
  return lines.trim().split('\n');
}

function normalise(text: string): string {
  return text
    .replaceAll(/\b\w{3} \d\d \d\d:\d\d:\d\d\b/g, 'TIME')
    .replaceAll(/\w{3} \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \w+(?:; [^\n]*? ago)?/g, 'TIME')
    .replaceAll(/\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d/g, 'TIME')
    .replaceAll(/fleetctl\.go:\d+/g, 'fleetctl.go')
    .replaceAll(/\[\d+\]/g, '[PID]')
    .replaceAll(/(Main PID: |─)\d+/g, '$1PID');
}
