// Docker's own command-line client against the lab's daemon. Needs only the client, no engine.
import { join } from 'node:path';
import { expect } from 'vitest';
import { testWith } from '#lib/testing/peers.ts';
import { ask, image, startTestMachine } from './test-machine.ts';

const real = testWith('docker', 'bwrap');
const startMachine = () => startTestMachine({ program: 'bwrap' });

real('the whole life of a container, with the same answers as our own client', async () => {
  const { machine, run, docker, published } = await startMachine();
  const client = (...args: string[]) => run('docker', '-H', `unix://${join(machine.run, 'docker.sock')}`, ...args);
  expect((await client('version', '--format', '{{.Server.Platform.Name}}')).stdout).toBe('CoreOS-Reflector lab\n');
  const pulled = await client('pull', image);
  expect(pulled).toMatchObject({ status: 0, stdout: expect.stringContaining(`Status: Downloaded newer image for ${image}:latest`) });
  const started = await client('run', '-d', '--name', 'web', '-p', '8080:80', '-e', 'A=b', image);
  expect(started).toMatchObject({ status: 0, stderr: '' });
  expect(await ask(published.get(8080))).toContain('Method: GET');
  for (const args of [
    ['images', '-q'],
    ['ps', '-q'],
    ['ps', '--format', '{{.ID}} {{.Image}} {{.Command}} {{.Ports}} {{.Names}}'],
    ['logs', 'web'],
    ['exec', 'web', 'node', '-p', 'process.env.A'],
    ['inspect', '-f', '{{.State.Status}} {{.Name}}', 'web'],
    ['kill', 'nothing'],
    ['rm', 'nothing'],
    ['stop', 'web'],
    ['wait', 'web'],
    ['inspect', 'nothing'],
  ]) {
    const theirs = await client(...args);
    expect({ args, ...(await docker(...args)) }).toEqual({ args, ...theirs });
  }
  expect((await client('rm', 'web')).stdout).toBe('web\n');
  expect((await client('rmi', image)).stdout).toContain(`Untagged: ${image}:latest`);
});

real('run in the foreground: output, input, exit statuses', async () => {
  const { machine, run, docker } = await startMachine();
  const socket = `unix://${join(machine.run, 'docker.sock')}`;
  const client = (...args: string[]) => run('docker', '-H', socket, ...args);
  await docker('pull', '-q', image);
  const script = 'console.log("out"); console.error("err"); process.exit(3)';
  expect(await client('run', '--rm', image, 'node', '-e', script)).toEqual({ status: 3, signal: null, stdout: 'out\n', stderr: 'err\n' });
  expect((await client('run', '--rm', image, 'sh')).status).toBe(127);
  expect((await client('run', '--rm', 'redis')).status).toBe(125);
  expect((await client('ps', '-aq')).stdout).toBe('');
});

real.each([
  ['--privileged', []],
  ['--volume', ['-v', '/:/host']],
  ['--mount', ['--mount', 'type=bind,source=/,target=/host']],
  ['--device', ['--device', '/dev/null']],
  ['--network host', ['--network', 'host']],
  ['--pid host', ['--pid', 'host']],
  ['--cap-add', ['--cap-add', 'ALL']],
  ['--security-opt', ['--security-opt', 'seccomp=unconfined']],
  ['--publish-all', ['-P']],
  ['--user 0', ['-u', '0']],
] as [string, string[]][])('%s is refused by name', async (option, args) => {
  const { machine, run, docker } = await startMachine();
  await docker('pull', '-q', image);
  const refused = await run(
    'docker',
    '-H',
    `unix://${join(machine.run, 'docker.sock')}`,
    'run',
    ...(args.length > 0 ? args : [option]),
    image,
  );
  expect(refused).toMatchObject({ status: 125, stderr: expect.stringContaining(`${option} is refused`) });
  expect((await docker('ps', '-aq')).stdout).toBe('');
});
