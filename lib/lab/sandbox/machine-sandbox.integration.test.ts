import { mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { testWith } from '#lib/testing/peers.ts';
import { marked, prepareProject, startAgent, startTestLab, type TestLab } from '../test-lab.ts';

const echo = `[Service]
ExecStart=/usr/bin/docker run --rm --name web -p 80:80 pandapup/coreos_reflector
ExecStartPre=/usr/bin/docker pull pandapup/coreos_reflector
`;
const family = `[Service]
Environment=LD_BIND_NOW=1
WorkingDirectory=/tmp
ExecStart=/bin/bash -c 'trap "" TERM; setsid sleep 7001 & (setsid sleep 7002 &); echo "I am $$$$ in $PWD"; while :; do sleep 0.2; done'
ExecStop=/bin/sh -c 'echo "main is $MAINPID, $(ps -o args= -p $MAINPID | cut -c1-12)"'
TimeoutStopSec=1
`;

/** As different versions of curl say it. */
const unreachable = /refused|Couldn't connect to server/;

interface Cluster {
  testLab: TestLab;
  /** In the learner's shell. */
  learner(line: string): ReturnType<TestLab['shell']>;
  /** In core-01, as `vagrant ssh -c` runs it; both outputs together, without the last line's end. */
  inside(line: string): Promise<string>;
}

async function startCluster(instances: number): Promise<Cluster> {
  const testLab = await startTestLab();
  const directory = await prepareProject(testLab, instances);
  const agent = await startAgent(testLab);
  const learner: Cluster['learner'] = (line) => testLab.shell(`export SSH_AUTH_SOCK=${agent}; ${line}`, { directory });
  await learner(`sed -i.bak 's/num_instances=1/num_instances=${instances}/' config.rb`);
  const setup = await learner('bash vagrant-setup');
  expect(setup.status, setup.stderr).toBe(0);
  const inside = async (line: string) => (await learner(`${await sshTo(testLab)} ${quote(`{ ${line}\n} 2>&1`)}`)).stdout.trimEnd();
  return { testLab, learner, inside };
}

/** `ssh` to core-01 with everything it needs, up to the command. The port may be another one after each boot. */
async function sshTo(testLab: TestLab): Promise<string> {
  const { sshPort, identityFile } = (await testLab.lab.status()).machines[0]!;
  return `ssh -q -A -F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -i ${identityFile} -p ${sshPort} core@127.0.0.1`;
}

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

testWith('bwrap')(
  'a machine in a sandbox is a CoreOS machine, and sees nothing of this computer',
  async () => {
    const secret = createServer((_request, response) => response.end('of this computer')).listen(0, '127.0.0.1');
    onTestFinished(() => void secret.close());
    const { testLab, learner, inside } = await startCluster(2);

    expect(await inside('. /etc/os-release; echo $ID $VERSION_ID; hostname; whoami; id -u; pwd; echo ~; tty')).toBe(
      'coreos 494.4.0\ncore-01\ncore\n500\n/home/core\n/home/core\nnot a tty',
    );
    expect(await inside('ip -4 addr')).toMatch(/ eth0: [\s\S]*inet 10\.0\.2\.15\/24[\s\S]* eth1: [\s\S]*inet 172\.17\.8\.101\/24/);
    expect(await inside('cat /etc/environment')).toContain('COREOS_PUBLIC_IPV4=172.17.8.101');
    const processes = (await inside('ps -e -o pid=,args=')).split('\n').map((line) => line.trim());
    expect(processes[0]).toBe('1 /usr/lib/systemd/systemd');
    expect(processes.join('\n')).not.toMatch(/vitest|lab\.mjs/);
    expect(processes.length).toBeLessThan(6);
    expect(await inside(`ls ${process.cwd()} ${testLab.home}; ls /root`)).toMatch(/^ls: cannot access [^\n]*\nls: cannot access [^\n]*$/);
    expect(await inside('touch /usr/x; echo x > /proc/sys/kernel/core_pattern')).toMatch(/Read-only[\s\S]*(Read-only|denied)/);
    expect(await inside(`curl -sS -m 3 http://127.0.0.1:${(secret.address() as AddressInfo).port}/`)).toMatch(unreachable);
    // What it writes is its own, and there after a reboot; /tmp is not.
    await inside('echo mine > ~/file; echo gone > /tmp/file');
    await learner('vagrant reload core-01');
    expect(await inside('cat ~/file; cat /tmp/file')).toMatch(/^mine\ncat: .*No such file/);

    // Its own ports and those of its neighbours, as docker, etcd and sshd have them.
    expect(await inside('sudo etcdctl set /greeting hello; etcdctl get /greeting; curl -sS 127.0.0.1:4001/version')).toMatch(
      /^hello\nhello\n.*etcd/,
    );
    await expect.poll(() => inside('fleetctl list-machines --no-legend | grep -o "172[0-9.]*" | sort')).toBe('172.17.8.101\n172.17.8.102');
    expect(await inside(`cat > web.service <<'END'\n${echo}\nEND\nfleetctl start web.service`)).toMatch(/launched/);
    const address = (await inside('fleetctl list-units --no-legend --fields=machine')).replace(/.*\//, '').trim();
    expect(address).toMatch(/^172\.17\.8\.10[12]$/);
    await expect.poll(() => inside(`curl -sS -m 5 http://${address}/`), { timeout: 20_000 }).toContain('loud and clear');
    const [other, name] = address.endsWith('1') ? ['172.17.8.102', 'core-02'] : ['172.17.8.101', 'core-01'];
    expect(await inside(`curl -sS -m 3 http://${other}/`)).toMatch(unreachable);
    const nested = `ssh -o StrictHostKeyChecking=no core@${other} 'hostname; curl -sS http://${address}/ | grep -c loud; exit 3'; echo $?`;
    expect(await inside(`ssh-add -l | wc -l; ${nested}`)).toMatch(new RegExp(`^1\\n(?:Warning[^\\n]*\\n)?${name}\\n1\\n3$`));
    await inside('fleetctl destroy web.service');
    await expect.poll(() => inside(`curl -sS -m 3 http://${address}/`)).toMatch(unreachable);

    // Statuses and signals, with and without a terminal.
    const ssh = await sshTo(testLab);
    expect((await learner(`${ssh} 'exit 42'`)).status).toBe(42);
    expect((await learner(`${ssh} 'kill -TERM $$'`)).status).toBe(255);
    expect((await learner(`${ssh} -tt 'exit 43'`)).status).toBe(43);
    expect((await learner(`printf 'hostname\\ncd /tmp\\nexit 44\\n' | ${ssh} -tt`)).stdout).toMatch(
      /CoreOS stable \(494\.4\.0\)\r\n[\s\S]*core@core-01 ~ \$ [\s\S]*core-01\r\n[\s\S]*core@core-01 \/tmp \$ /,
    );
    const interrupted = `(sleep 1; printf '\\003'; sleep 1) | ${ssh} -tt 'trap "echo caught; exit 5" INT; echo waiting; while :; do sleep 0.1; done'`;
    expect(await learner(interrupted)).toMatchObject({ status: 5, stdout: expect.stringMatching(/waiting[\s\S]*caught/) });
  },
  180_000,
);

testWith('bwrap')(
  'a unit in a sandbox is stopped with everything it started, by the numbers that the machine knows',
  async () => {
    const { testLab, inside } = await startCluster(1);
    const started = await inside(`cat > family.service <<'END'\n${family}\nEND\nfleetctl start family.service`);
    expect(started).toContain('launched');
    const sleeping = async () => (await marked(testLab.marker)).filter(({ command }) => /^sleep 700[12]/.test(command));
    await expect.poll(sleeping).toHaveLength(2);
    const status = await inside('systemctl status family.service');
    const main = /Main PID: (\d+) \(bash\)/.exec(status)?.[1];
    expect(await inside(`ps -o args= -p ${main}`)).toMatch(/^\/bin\/bash -c trap/);
    expect(status).toMatch(new RegExp(`${main} /bin/bash -c`));
    expect(status).toMatch(/─?\d+ sleep 7002/);
    expect(await inside('journalctl -u family.service -o cat --no-pager')).toContain(`I am ${main} in /tmp`);
    await inside('sudo systemctl stop family.service');
    expect(await sleeping()).toEqual([]);
    expect(await inside('journalctl -u family.service -o cat --no-pager')).toContain(`main is ${main}, /bin/bash -c`);

    // A program that cannot be started, and one that ends by a signal, end as systemd says it.
    await inside(`printf '[Service]\\nExecStart=/usr/bin/nothing\\n' > no.service; fleetctl start --no-block no.service`);
    await expect.poll(() => inside('systemctl status no.service')).toContain('status=203');
    // What it reads on behalf of the machine, systemd does not read from this computer.
    await writeFile(join(testLab.home, 'secret'), 'SECRET=of-this-computer\n');
    await inside(`ln -s ${testLab.home}/secret ~/link`);
    await inside(
      `printf '[Service]\\nEnvironmentFile=/home/core/link\\nExecStart=/bin/sleep 7\\n' > link.service; fleetctl start --no-block link`,
    );
    await expect.poll(() => inside('journalctl -u link.service --no-pager')).toContain('environment files: No such file');
    await inside(`printf '[Service]\\nExecStart=/bin/sh -c "kill -QUIT $$$$"\\n' > quit.service; fleetctl start --no-block quit.service`);
    await expect.poll(() => inside('systemctl status quit.service')).toContain('status=3/QUIT');
  },
  120_000,
);

testWith('bwrap')(
  'nothing of a sandbox outlives a lab that was killed',
  async () => {
    const { testLab, learner } = await startCluster(1);
    const ssh = await sshTo(testLab);
    await learner(`${ssh} 'setsid nohup env -i sleep 7003 > /dev/null 2>&1 &'`);
    const survivors = () => testLab.shell('pgrep -f "^sleep 7003"; true').then(({ stdout }) => stdout);
    expect(await survivors()).toMatch(/^\d+\n$/);
    process.kill((await marked(testLab.marker)).find(({ command }) => command.includes('lab.mjs'))!.pid, 'SIGKILL');
    await expect.poll(survivors).toBe('');
  },
  120_000,
);

testWith('bwrap', 'dbclient')(
  'Dropbear’s client gets a shell, a command and its status',
  async () => {
    const { testLab } = await startCluster(1);
    const { sshPort, identityFile: key } = (await testLab.lab.status()).machines[0]!;
    const converted = join(testLab.workspace, 'dropbear-key');
    expect((await testLab.shell(`dropbearconvert openssh dropbear ${key} ${converted}`)).status).toBe(0);
    const dbclient = `dbclient -y -y -i ${converted} -p ${sshPort} core@127.0.0.1`;
    expect(await testLab.shell(`${dbclient} 'hostname; echo oops >&2; exit 9'`)).toMatchObject({
      status: 9,
      stdout: 'core-01\n',
      stderr: expect.stringContaining('oops\n'),
    });
    const shell = await testLab.shell(
      `printf 'tput cols > /dev/null; echo $((40 + 2)) on $(hostname)\\nexit 7\\n' | script -qec "${dbclient}" /dev/null`,
    );
    expect(shell).toMatchObject({ status: 7, stdout: expect.stringContaining('42 on core-01\r\n') });
  },
  120_000,
);

test('without bubblewrap a machine is made of plain processes and has its own files all the same', async () => {
  vi.stubEnv('PATH', await pathWithout('bwrap'));
  onTestFinished(() => void vi.unstubAllEnvs());
  const { testLab, inside, learner } = await startCluster(1);
  const ssh = await sshTo(testLab);
  expect(await inside('hostname; echo $USER; etcdctl set /a b; etcdctl get /a')).toBe('core-01\ncore\nb\nb');
  expect(await inside(`cat > web.service <<'END'\n${echo}\nEND\nfleetctl start web.service`)).toMatch(/launched/);
  expect((await learner(`${ssh} -tt 'exit 43'`)).status).toBe(43);
  await inside('fleetctl destroy web.service');
}, 120_000);

/** A PATH with one folder that has everything but this program. */
async function pathWithout(program: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'path-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const source of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of await readdir(source).catch(() => [])) {
      if (name !== program) await symlink(join(source, name), join(folder, name)).catch(() => {}); // the first one counts
    }
  }
  return folder;
}
