import { expect, test } from 'vitest';
import { mergeImageConfig, parseContainerOptions } from './container-options.ts';

const image = { Env: ['PATH=/bin', 'MODE=image'], Cmd: ['node', '/app/server.js'], WorkingDir: '/app', ExposedPorts: { '80/tcp': {} } };
const id = 'abcdef0123456789';

test("the call's options lie over the image's", () => {
  const body = {
    Image: 'reflector',
    Env: ['MODE=call', 'MORE=1', 'PATH'],
    HostConfig: { PortBindings: { '80/tcp': [{ HostIp: '', HostPort: '8080' }] } },
  };
  expect(mergeImageConfig(parseContainerOptions(body), image, id)).toMatchObject({
    cmd: ['node', '/app/server.js'],
    env: ['MODE=call', 'MORE=1'],
    workingDir: '/app',
    hostname: 'abcdef012345',
    exposedPorts: ['80/tcp'],
    ports: [{ host: 8080, container: 80 }],
    stopSignal: 'SIGTERM',
    stopTimeout: 10,
  });
});

test("an entrypoint of one's own drops the image's command", () => {
  const merged = mergeImageConfig(parseContainerOptions({ Image: 'x', Entrypoint: ['node', '-v'] }), image, id);
  expect(merged).toMatchObject({ entrypoint: ['node', '-v'], cmd: [] });
  expect(() => mergeImageConfig(parseContainerOptions({ Image: 'x', Entrypoint: [] }), image, id)).toThrow('No command specified');
});

test('what a client sends for options that nobody asked for is no request', () => {
  const body = {
    Image: 'x',
    User: '',
    Volumes: {},
    OnBuild: null,
    NetworkDisabled: false,
    HostConfig: {
      Binds: null,
      CapAdd: null,
      MemorySwappiness: -1,
      NetworkMode: 'default',
      RestartPolicy: { Name: 'no' },
      ConsoleSize: [24, 80],
    },
    NetworkingConfig: { EndpointsConfig: { default: { IPAMConfig: null, Links: null, GwPriority: 0 } } },
  };
  expect(parseContainerOptions(body).ports).toEqual([]);
});

test.each([
  [{ Privileged: true }, '--privileged'],
  [{ Binds: ['/:/host'] }, '--volume'],
  [{ Mounts: [{ Type: 'bind', Source: '/', Target: '/host' }] }, '--mount'],
  [{ VolumesFrom: ['other'] }, '--volumes-from'],
  [{ Devices: [{ PathOnHost: '/dev/mem' }] }, '--device'],
  [{ CapAdd: ['SYS_ADMIN'] }, '--cap-add'],
  [{ NetworkMode: 'host' }, '--network host'],
  [{ PidMode: 'host' }, '--pid host'],
  [{ IpcMode: 'host' }, '--ipc host'],
  [{ UsernsMode: 'host' }, '--userns host'],
  [{ SecurityOpt: ['seccomp=unconfined'] }, '--security-opt'],
  [{ RestartPolicy: { Name: 'always' } }, '--restart always'],
  [{ MemorySwap: 1024 }, '--memory-swap'],
  [{ PublishAllPorts: true }, '--publish-all'],
  [{ LogConfig: { Type: 'syslog' } }, '--log-driver syslog'],
  [{ SomethingNewIn2030: true }, '--something-new-in2030'],
])('%j is refused by the name of its option', (HostConfig, option) => {
  expect(() => parseContainerOptions({ Image: 'x', HostConfig })).toThrow(`${option} is refused`);
});

test.each([
  [{ '80/tcp': [{ HostIp: '', HostPort: '' }] }, 'one port of the machine'],
  [{ '80/tcp': [{ HostIp: '', HostPort: '8000-8010' }] }, 'one port of the machine'],
  [{ '80/tcp': [{ HostIp: '', HostPort: '70000' }] }, 'one port of the machine'],
  [{ '80/tcp': [{ HostIp: '10.0.0.1', HostPort: '80' }] }, 'a port belongs to the machine'],
  [{ '53/udp': [{ HostIp: '', HostPort: '53' }] }, 'TCP ports only'],
  [{ http: [{ HostIp: '', HostPort: '80' }] }, 'invalid port specification'],
])('the binding %j is refused', (PortBindings, message) => {
  expect(() => parseContainerOptions({ Image: 'x', HostConfig: { PortBindings } })).toThrow(message);
});

test('a body that is no configuration is told which field is wrong', () => {
  expect(() => parseContainerOptions({ Image: 'x', Env: { A: 1 } })).toThrow('invalid container configuration: Env');
  expect(() => parseContainerOptions('x')).toThrow('invalid container configuration');
});
