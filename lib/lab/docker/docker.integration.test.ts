import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { isAlive } from '#lib/testing/is-alive.ts';
import { testWith } from '#lib/testing/peers.ts';
import { ask, image, modes, untilSaid } from './test-machine.ts';

const online = 'The server is online and listening on Port 80.\n';

describe.each(modes)('docker $mode', ({ needs, startTestMachine }) => {
  const test = testWith(...needs);

  test("the lines of the walkthrough's unit run, and SIGTERM to the client stops the container", async () => {
    const { docker, startDocker, published } = await startTestMachine();
    for (const command of ['kill', 'rm']) {
      expect(await docker(command, 'reflector')).toMatchObject({
        status: 1,
        stdout: '',
        stderr: 'Error response from daemon: No such container: reflector\n',
      });
    }
    const pulled = await docker('pull', image);
    expect(pulled).toMatchObject({ status: 0, stderr: '' });
    expect(pulled.stdout).toMatch(
      /^Pulling repository pandapup\/coreos_reflector\n([0-9a-f]{12}: Pulling fs layer\n){4}([0-9a-f]{12}: Download complete\n){4}Digest: sha256:[0-9a-f]{64}\nStatus: Downloaded newer image for pandapup\/coreos_reflector:latest\n$/,
    );
    const client = startDocker('run', '--name', 'reflector', '-p', '80:80', image);
    await untilSaid(client.output, online);
    expect(await ask(published.get(80), '/hello', { Accept: 'text/html' })).toContain(
      'Host: 172.17.8.101\nAccept: text/html\nhttpVersion: 1.1\nMethod: GET\nURL: /hello\n',
    );
    client.child.kill('SIGTERM');
    expect(await client.finished).toEqual({ status: 0, signal: null, stdout: online, stderr: '' });
    expect(published.size).toBe(0);
    expect((await docker('ps', '-a')).stdout).toMatch(/Exited \(0\) .* reflector\n$/);
  });

  test('a container lives from run -d to rmi', async () => {
    const { docker, published } = await startTestMachine();
    const run = await docker('run', '-d', '--name', 'web', '-p', '8080:80', '-e', 'GREETING=hi', image);
    expect(run).toMatchObject({ status: 0, stderr: expect.stringContaining(`Unable to find image '${image}:latest' locally`) });
    expect(run.stdout).toMatch(/^[0-9a-f]{64}\n$/);
    await ask(published.get(8080));
    const id = run.stdout.slice(0, 12);
    const [head, line] = (await docker('ps')).stdout.split('\n');
    expect(head).toMatch(/^CONTAINER ID {3}IMAGE {23}COMMAND {17}CREATED +STATUS +PORTS +NAMES$/);
    expect(line).toMatch(new RegExp(`^${id} {3}${image} {3}"node /app/server.js" .* Up .* 0.0.0.0:8080->80/tcp {3}web$`));
    expect((await docker('logs', 'web')).stdout).toBe(online);
    expect((await docker('exec', 'web', 'node', '-p', 'process.env.GREETING')).stdout).toBe('hi\n');
    expect((await docker('inspect', '-f', '{{.State.Status}} {{.NetworkSettings.IPAddress}}', 'web')).stdout).toBe('running 172.17.0.2\n');
    expect(await docker('rm', 'web')).toMatchObject({ status: 1, stderr: expect.stringContaining('container is running') });
    expect(await docker('rmi', image)).toMatchObject({ status: 1, stderr: expect.stringContaining(`container ${id} is using`) });
    expect((await docker('stop', 'web')).stdout).toBe('web\n');
    expect((await docker('wait', 'web')).stdout).toBe('0\n');
    expect((await docker('start', id.slice(0, 6))).status).toBe(0);
    await ask(published.get(8080));
    expect((await docker('kill', 'web')).status).toBe(0);
    expect((await docker('wait', 'web')).stdout).toBe('137\n');
    expect((await docker('logs', 'web')).stdout).toBe(online + online);
    expect((await docker('rm', 'web')).stdout).toBe('web\n');
    expect((await docker('images', '-q')).stdout).toMatch(/^[0-9a-f]{12}\n$/);
    expect((await docker('rmi', image)).stdout).toMatch(/^Untagged: pandapup\/coreos_reflector:latest\nDeleted: sha256:/);
    expect((await docker('images', '-q')).stdout).toBe('');
  });

  test('run passes output, input and the exit status through', async () => {
    const { docker, startDocker } = await startTestMachine();
    await docker('pull', '-q', image);
    const failing = await docker('run', '--rm', image, 'node', '-e', 'console.log("out"); console.error("err"); process.exit(3)');
    expect(failing).toEqual({ status: 3, signal: null, stdout: 'out\n', stderr: 'err\n' });
    const echo = startDocker('run', '--rm', '-i', image, 'node', '-e', 'process.stdin.pipe(process.stdout)');
    echo.child.stdin?.end('through the container\n');
    expect(await echo.finished).toMatchObject({ status: 0, stdout: 'through the container\n' });
    expect((await docker('ps', '-aq')).stdout).toBe('');
  });

  test('a large output arrives whole', async () => {
    const { docker } = await startTestMachine();
    const script = 'const line = "x".repeat(999) + "\\n"; for (let n = 0; n < 3000; n++) process.stdout.write(line)';
    const { stdout } = await docker('run', '--name', 'big', image, 'node', '-e', script);
    expect(stdout.length).toBe(3_000_000);
    expect((await docker('logs', 'big')).stdout.length).toBe(3_000_000);
  });

  test('signals reach the program, and what is killed has status 137', async () => {
    const { docker, startDocker } = await startTestMachine();
    const script = 'process.on("SIGUSR1", () => console.log("caught")); setInterval(() => {}, 1000); console.log("up")';
    const client = startDocker('run', '--name', 'signals', image, 'node', '-e', script);
    await untilSaid(client.output, 'up\n');
    await docker('kill', '-s', 'USR1', 'signals');
    await untilSaid(client.output, 'caught\n');
    expect(await docker('kill', '-s', 'NOPE', 'signals')).toMatchObject({
      status: 1,
      stderr: 'Error response from daemon: invalid signal: NOPE\n',
    });
    await docker('kill', 'signals');
    expect(await client.finished).toMatchObject({ status: 137 });
    expect(await docker('kill', 'signals')).toMatchObject({ status: 1, stderr: expect.stringContaining('is not running') });
  });

  test('process 1 ignores the signals that it does not listen to, unless there is an --init', async () => {
    const { docker, startDocker } = await startTestMachine();
    const script = 'setInterval(() => {}, 1000); console.log("up")';
    const ignoring = startDocker('run', '--name', 'ignoring', image, 'node', '-e', script);
    const ending = startDocker('run', '--init', '--name', 'ending', image, 'node', '-e', script);
    for (const client of [ignoring, ending]) {
      await untilSaid(client.output, 'up\n');
      client.child.kill('SIGINT');
    }
    expect(await ending.finished).toMatchObject({ status: 130 });
    expect((await docker('ps', '--format', '{{.Names}}')).stdout).toBe('ignoring\n');
  });

  test('a signal that comes before the program listens reaches it once it does', async () => {
    const { docker, startDocker } = await startTestMachine();
    const late = 'setTimeout(() => process.on("SIGTERM", () => process.exit(7)), 300); console.log("up"); setInterval(() => {}, 1000)';
    const client = startDocker('run', '--name', 'late', image, 'node', '-e', late);
    await untilSaid(client.output, 'up\n');
    await docker('kill', '-s', 'TERM', 'late');
    expect(await client.finished).toMatchObject({ status: 7 });
  });

  test('stop kills after its time what does not listen', async () => {
    const { docker, startDocker } = await startTestMachine();
    const script = 'process.on("SIGTERM", () => console.log("no")); setInterval(() => {}, 1000); console.log("up")';
    const client = startDocker('run', '--name', 'stubborn', image, 'node', '-e', script);
    await untilSaid(client.output, 'up\n');
    const before = performance.now();
    expect((await docker('stop', '-t', '1', 'stubborn')).status).toBe(0);
    expect(performance.now() - before).toBeGreaterThan(1000);
    expect(await client.finished).toMatchObject({ status: 137, stdout: 'up\nno\n' });
  });

  test('what a program leaves behind ends with its container', async () => {
    const { docker } = await startTestMachine();
    const token = randomUUID();
    const options = '{ stdio: "ignore", detached: true }';
    const child = `require("child_process").spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)", "${token}"], ${options})`;
    const waiting = `${child}.unref(); setInterval(() => {}, 1000)`;
    await docker('run', '-d', '--name', 'parent', image, 'node', '-e', waiting, 'main');
    await expect.poll(() => processesWith(token)).toHaveLength(2); // the program's own command line has the word too
    const left = processesWith(token);
    await docker('kill', 'parent');
    await expect.poll(() => left.filter(isAlive)).toEqual([]);
  });

  test('logs -f follows to the end of the container and shows both streams', async () => {
    const { docker, startDocker } = await startTestMachine();
    const script =
      'process.on("SIGTERM", () => { console.log("three"); process.exit(0) }); console.log("one"); console.error("two"); setInterval(() => {}, 1000)';
    await docker('run', '-d', '--name', 'talker', image, 'node', '-e', script);
    const follower = startDocker('logs', '-f', 'talker');
    await untilSaid(follower.output, 'one\n');
    await docker('stop', 'talker');
    expect(await follower.finished).toEqual({ status: 0, signal: null, stdout: 'one\nthree\n', stderr: 'two\n' });
    expect((await docker('logs', '-n', '1', 'talker')).stdout).toBe('three\n');
    expect((await docker('logs', '-t', '-n', '1', 'talker')).stdout).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z three\n$/);
  });

  test('a port that is taken is refused as Docker refuses it, and free again after the stop', async () => {
    const { docker } = await startTestMachine();
    await docker('run', '-d', '--name', 'one', '-p', '80:80', image);
    const two = await docker('run', '--name', 'two', '-p', '80:80', image);
    expect(two.status).toBe(125);
    expect(two.stderr).toMatch(
      /^docker: Error response from daemon: driver failed programming external connectivity on endpoint two \([0-9a-f]{64}\): Bind for 0\.0\.0\.0:80 failed: port is already allocated\.\n/,
    );
    expect((await docker('ps', '-a', '--format', '{{.Names}} {{.Status}}')).stdout).toMatch(/^two Created\none Up /);
    await docker('stop', 'one');
    expect((await docker('start', 'two')).status).toBe(0);
  });

  test.each([
    [['run', image, 'sh', '-c', 'true'], 127, 'exec: "sh": executable file not found in $PATH'],
    [['run', '--name', '-bad', image], 125, 'Invalid container name (-bad)'],
    [['run', '--privileged', image], 125, 'unknown flag: --privileged'],
    [['run', '-p', '80', image], 125, '-p needs one port of the machine'],
    [['run', 'redis'], 125, 'use a real Docker Engine'],
    [['run', 'Not An Image'], 125, 'invalid reference format'],
    [['pull', 'ubuntu:14.04'], 1, 'pull access denied for ubuntu'],
    [['pull', `${image}:v9`], 1, 'manifest unknown'],
    [['frobnicate'], 1, "docker: 'frobnicate' is not a docker command of the lab."],
    [['inspect', 'nothing'], 1, 'Error: No such object: nothing'],
  ])('docker %j fails with status %d and says why', async (args, status, message) => {
    const { docker } = await startTestMachine();
    const answer = await docker(...args);
    expect(answer).toMatchObject({ status, stderr: expect.stringContaining(message) });
  });

  test('a name is taken until its container is removed', async () => {
    const { docker } = await startTestMachine();
    await docker('run', '--name', 'once', image, 'node', '-v');
    expect(await docker('run', '--name', 'once', image, 'node', '-v')).toMatchObject({
      status: 125,
      stderr: expect.stringContaining('The container name "/once" is already in use by container'),
    });
    await docker('rm', 'once');
    expect((await docker('run', '--name', 'once', image, 'node', '-v')).status).toBe(0);
  });

  test('a reboot ends the containers, keeps them listed, and they start again', async () => {
    const { docker, published, reboot } = await startTestMachine();
    await docker('run', '-d', '--name', 'web', '-p', '80:80', image);
    await ask(published.get(80));
    const { stdout } = await docker('inspect', '-f', '{{.State.Pid}}', 'web');
    await reboot();
    expect(isAlive(Number(stdout))).toBe(false);
    expect(published.size).toBe(0);
    expect((await docker('ps', '-a', '--format', '{{.Names}} {{.State}}')).stdout).toBe('web exited\n');
    expect((await docker('start', 'web')).status).toBe(0);
    expect(await ask(published.get(80))).toContain('Method: GET');
  });

  test('without a daemon or a machine the client says so', async () => {
    const { docker, machine } = await startTestMachine();
    const nowhere = join(machine.run, 'nothing.sock');
    expect(await docker('-H', `unix://${nowhere}`, 'ps')).toMatchObject({
      status: 1,
      stderr: `Cannot connect to the Docker daemon at unix://${nowhere}. Is the docker daemon running?\n`,
    });
    expect(await docker('-H', 'tcp://127.0.0.1:2375', 'ps')).toMatchObject({ status: 1, stderr: expect.stringContaining('unix:// only') });
  });

  test('the environment is the image’s and the call’s, and nothing of the lab', async () => {
    const { docker } = await startTestMachine();
    const script = 'console.log(JSON.stringify([process.env, process.argv.slice(1)]))';
    const { stdout } = await docker('run', '--rm', '-e', 'A=b', '-h', 'inside', image, 'node', '-e', script, 'word');
    expect(JSON.parse(stdout)).toEqual([
      { A: 'b', HOME: '/root', HOSTNAME: 'inside', NODE_ENV: 'production', PATH: expect.stringContaining('/usr/local/bin') },
      ['word'],
    ]);
  });

  test('the API refuses bodies and versions that it cannot serve, and web pages', async () => {
    const { machine } = await startTestMachine();
    const raw = (text: string) =>
      new Promise<string>((resolve, reject) => {
        let answer = '';
        const socket = connect(join(machine.run, 'docker.sock'), () => socket.write(text));
        socket.setEncoding('utf8').on('data', (chunk) => {
          answer += chunk;
        });
        socket.on('end', () => resolve(answer)).on('error', reject);
      });
    const close = 'Host: docker\r\nConnection: close\r\n';
    expect(await raw(`GET /v1.99/info HTTP/1.1\r\n${close}\r\n`)).toContain('client version 1.99 is too new');
    expect(await raw(`GET /v1.12/info HTTP/1.1\r\n${close}\r\n`)).toContain('client version 1.12 is too old');
    expect(await raw(`POST /containers/create HTTP/1.1\r\n${close}Content-Length: 1\r\n\r\n{`)).toContain('is not JSON');
    expect(await raw(`POST /containers/x/attach HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`)).toContain(
      '404 404\r\nContent-Type: application/json',
    );
    for (const header of ['Origin: http://evil.example', 'Origin: null', 'Sec-Fetch-Site: same-site']) {
      expect(await raw(`POST /containers/create HTTP/1.1\r\n${close}${header}\r\nContent-Length: 0\r\n\r\n`)).toMatch(/^HTTP\/1\.1 403 /);
    }
    expect(await raw('GET /info HTTP/1.1\r\nHost: evil.example:2375\r\nConnection: close\r\n\r\n')).toMatch(/^HTTP\/1\.1 403 /);
    expect(await raw('GET /info HTTP/1.1\r\nHost: 127.0.0.1:2375\r\nConnection: close\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /);
    expect(await raw(`GET /containers/%E0%A4%A/json HTTP/1.1\r\n${close}\r\n`)).toMatch(/^HTTP\/1\.1 400 /);
  });

  test('a damaged registry makes the pull fail and says which blob it is', async () => {
    const { docker, registry } = await startTestMachine();
    const blobs = join(registry, image, 'blobs/sha256');
    for (const name of await readdir(blobs)) await writeFile(join(blobs, name), 'damage');
    expect(await docker('pull', image)).toMatchObject({ status: 1, stderr: expect.stringContaining('has the content of sha256:') });
  });
});

/** The processes of this computer with that text in their command line, but for what starts them. */
function processesWith(text: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        return words.some((word) => word.includes(text)) && /(^|\/)node$/.test(words[0]!);
      } catch {
        return false; // gone meanwhile
      }
    })
    .map(Number);
}
