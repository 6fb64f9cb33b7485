// Containers as the Docker Engine API shows them.
import { type ContainerRecord, exitCodeOf } from './container-record.ts';
import { machinePathOf } from './container-volumes.ts';
import { durationText } from './duration-text.ts';

const never = '0001-01-01T00:00:00Z';

/** An element of `GET /containers/json`. */
export function listedContainer(record: ContainerRecord, now = Date.now()) {
  const { options, state } = record;
  const running = state.status === 'running';
  return {
    Id: record.id,
    Names: [`/${record.name}`],
    Image: options.image,
    ImageID: record.imageId,
    Command: [...options.entrypoint, ...options.cmd].map(quoted).join(' '),
    Created: Math.floor(Date.parse(record.created) / 1000),
    Ports: running ? listedPorts(record) : [],
    Labels: options.labels,
    State: statusOf(record),
    Status: statusText(record, now),
    HostConfig: { NetworkMode: 'default' },
    NetworkSettings: { Networks: { bridge: network(record) } },
    Mounts: mounts(record),
  };
}

/** `GET /containers/{id}/json`. */
export function inspectedContainer(record: ContainerRecord) {
  const { options, state } = record;
  const argv = [...options.entrypoint, ...options.cmd];
  const bindings = Object.fromEntries(
    options.ports.map(({ container }) => [
      `${container}/tcp`,
      options.ports.filter((port) => port.container === container).map(({ host }) => ({ HostIp: '', HostPort: String(host) })),
    ]),
  );
  const open = Object.fromEntries(
    options.exposedPorts.map((port) => [port, bindings[port]?.map((binding) => ({ ...binding, HostIp: '0.0.0.0' })) ?? null]),
  );
  const running = state.status === 'running';
  const binds = options.volumes
    .filter(({ type }) => type !== 'anonymous')
    .map(({ source, target, readOnly }) => `${source}:${target}${readOnly ? ':ro' : ''}`);
  return {
    Id: record.id,
    Created: record.created,
    Path: argv[0],
    Args: argv.slice(1),
    State: {
      Status: statusOf(record),
      Running: running,
      Paused: running && state.paused,
      Restarting: false,
      OOMKilled: state.status === 'exited' && state.oomKilled,
      Dead: false,
      Pid: running ? state.pid : 0,
      ExitCode: exitCodeOf(record),
      Error: state.status === 'created' ? state.error : '',
      StartedAt: state.status === 'created' ? never : state.startedAt,
      FinishedAt: state.status === 'exited' ? state.finishedAt : never,
    },
    Image: record.imageId,
    Name: `/${record.name}`,
    RestartCount: 0,
    Driver: 'plain',
    Platform: 'linux',
    HostConfig: {
      AutoRemove: options.autoRemove,
      NetworkMode: 'default',
      PortBindings: bindings,
      RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
      LogConfig: { Type: 'json-file', Config: {} },
      Privileged: false,
      Init: options.init,
      Memory: options.memory,
      PidsLimit: options.pidsLimit,
      NanoCpus: options.nanoCpus,
      Binds: binds.length > 0 ? binds : null,
    },
    Mounts: mounts(record),
    Config: {
      Hostname: options.hostname,
      User: '',
      Tty: options.tty,
      OpenStdin: options.openStdin,
      StdinOnce: options.stdinOnce,
      ExposedPorts: Object.fromEntries(options.exposedPorts.map((port) => [port, {}])),
      Env: options.env,
      Cmd: options.cmd,
      Entrypoint: options.entrypoint.length > 0 ? options.entrypoint : null,
      Image: options.image,
      WorkingDir: options.workingDir,
      Labels: options.labels,
      StopSignal: options.stopSignal,
      StopTimeout: options.stopTimeout,
    },
    NetworkSettings: { Ports: running ? open : {}, IPAddress: addressOf(record), Networks: { bridge: network(record) } },
  };
}

/** In one word, as filters know it. */
export function statusOf({ state }: ContainerRecord): string {
  return state.status === 'running' && state.paused ? 'paused' : state.status;
}

function statusText({ state }: ContainerRecord, now: number): string {
  switch (state.status) {
    case 'created':
      return 'Created';
    case 'running':
      return `Up ${durationText(now - Date.parse(state.startedAt))}${state.paused ? ' (Paused)' : ''}`;
    case 'exited':
      return `Exited (${state.exitCode}) ${durationText(now - Date.parse(state.finishedAt))} ago`;
    default:
      return state satisfies never;
  }
}

function listedPorts({ options }: ContainerRecord) {
  return options.exposedPorts.flatMap((exposed) => {
    const PrivatePort = Number.parseInt(exposed, 10);
    const published = options.ports.filter((port) => port.container === PrivatePort);
    if (published.length === 0) return [{ PrivatePort, Type: 'tcp' }];
    return published.map(({ host }) => ({ IP: '0.0.0.0', PrivatePort, PublicPort: host, Type: 'tcp' }));
  });
}

function mounts({ options }: ContainerRecord) {
  return options.volumes.map((mount) => ({
    ...(mount.type === 'bind' ? { Type: 'bind' } : { Type: 'volume', Name: mount.source, Driver: 'local' }),
    Source: machinePathOf(mount),
    Destination: mount.target,
    Mode: mount.readOnly ? 'ro' : '',
    RW: !mount.readOnly,
    Propagation: mount.type === 'bind' ? 'rprivate' : '',
  }));
}

function network(record: ContainerRecord) {
  const address = addressOf(record);
  return {
    NetworkID: '',
    EndpointID: '',
    Gateway: address ? '172.17.0.1' : '',
    IPAddress: address,
    IPPrefixLen: address ? 16 : 0,
    MacAddress: '',
  };
}

function addressOf({ state }: ContainerRecord): string {
  return state.status === 'running' ? state.address : '';
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
