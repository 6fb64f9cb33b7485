// Reads the body of a create call: a closed set of options, everything else is refused by name.
import { cpus } from 'node:os';
import { z } from 'zod';
import { ApiError } from './api-error.ts';
import { defaultLimits } from './container-limits.ts';
import { parseVolumes, type VolumeMount } from './container-volumes.ts';
import type { ImageConfig } from './image-layout.ts';

export interface ContainerOptions {
  /** As it was asked for: a name or an id. */
  image: string;
  entrypoint: string[];
  cmd: string[];
  /** `NAME=VALUE`: the image's, then those of the call. */
  env: string[];
  workingDir: string;
  hostname: string;
  labels: Record<string, string>;
  /** `80/tcp`: the image's and those published. */
  exposedPorts: string[];
  /** `-p HOST:CONTAINER`. */
  ports: { host: number; container: number }[];
  tty: boolean;
  openStdin: boolean;
  stdinOnce: boolean;
  autoRemove: boolean;
  stopSignal: string;
  /** Seconds before a stop becomes a kill. */
  stopTimeout: number;
  /** Signals end a program that does not listen to them. */
  init: boolean;
  /** Bytes. */
  memory: number;
  /** Processes and threads. */
  pidsLimit: number;
  /** Billionths of a processor; 0 for all there are. Not enforced. */
  nanoCpus: number;
  volumes: VolumeMount[];
}

const word = z.string().max(32 * 1024);
const words = z
  .union([z.array(word).max(1000), word.transform((text) => [text])])
  .nullish()
  .transform((value) => value ?? null);
const flag = z
  .boolean()
  .nullish()
  .transform((value) => value ?? false);
const text = word.nullish().transform((value) => value ?? '');

const hostSchema = z.looseObject({
  PortBindings: z
    .record(z.string(), z.array(z.looseObject({ HostIp: text, HostPort: text })).nullable())
    .nullish()
    .transform((value) => value ?? {}),
  AutoRemove: flag,
  Init: flag,
  Memory: z.int().nullish(),
  PidsLimit: z.int().nullish(),
  NanoCpus: z.int().nullish(),
  Binds: z.array(word).max(100).nullish(),
  NetworkMode: text,
  RestartPolicy: z.looseObject({ Name: text }).nullish(),
  LogConfig: z.looseObject({ Type: text }).nullish(),
});

const bodySchema = z.looseObject({
  Image: z.string().min(1).max(512),
  Cmd: words,
  Entrypoint: words,
  Env: words,
  WorkingDir: text,
  Hostname: text,
  Labels: z.record(z.string(), z.string()).nullish(),
  Volumes: z.record(z.string(), z.unknown()).nullish(),
  ExposedPorts: z.record(z.string(), z.unknown()).nullish(),
  Tty: flag,
  OpenStdin: flag,
  StdinOnce: flag,
  StopSignal: text,
  StopTimeout: z.int().min(0).nullish(),
  HostConfig: hostSchema.nullish(),
});

/** Docker's own lower end. */
const leastMemory = 6 * 1024 * 1024;

/** Understood, or without any effect on the container. */
const knownKeys = new Set([...Object.keys(bodySchema.shape), 'AttachStdin', 'AttachStdout', 'AttachStderr', 'Platform']);
const knownHostKeys = new Set([...Object.keys(hostSchema.shape), 'ContainerIDFile', 'ConsoleSize']);

/** The options of `docker run` behind the API's names, where they differ by more than case. */
const optionNames: Record<string, string> = {
  Mounts: '--mount',
  VolumesFrom: '--volumes-from',
  Devices: '--device',
  DeviceRequests: '--gpus',
  CapAdd: '--cap-add',
  CapDrop: '--cap-drop',
  Privileged: '--privileged',
  PublishAllPorts: '--publish-all',
  NetworkMode: '--network',
  NetworkingConfig: '--network',
  PidMode: '--pid',
  IpcMode: '--ipc',
  UTSMode: '--uts',
  UsernsMode: '--userns',
  CgroupnsMode: '--cgroupns',
  SecurityOpt: '--security-opt',
  RestartPolicy: '--restart',
  LogConfig: '--log-driver',
  ReadonlyRootfs: '--read-only',
  ExtraHosts: '--add-host',
  Links: '--link',
  Dns: '--dns',
  MemorySwap: '--memory-swap',
  MemoryReservation: '--memory-reservation',
  CpuShares: '--cpu-shares',
  Healthcheck: '--health-cmd',
};

export function parseContainerOptions(body: unknown): ContainerOptions & { entrypointGiven: boolean } {
  const parsed = bodySchema.safeParse(body);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new ApiError(400, `invalid container configuration: ${issue.path.join('.')}: ${issue.message}`);
  }
  const { data } = parsed;
  const host = data.HostConfig ?? hostSchema.parse({});
  refuseOthers(data, knownKeys);
  refuseOthers(host, knownHostKeys);
  if (!['', 'default', 'bridge'].includes(host.NetworkMode)) throw refusal('NetworkMode', host.NetworkMode);
  if (!['', 'no'].includes(host.RestartPolicy?.Name ?? '')) throw refusal('RestartPolicy', host.RestartPolicy?.Name);
  if (!['', 'json-file'].includes(host.LogConfig?.Type ?? '') || !isNeutral(host.LogConfig?.Config))
    throw refusal('LogConfig', host.LogConfig?.Type);
  if (data.WorkingDir && !data.WorkingDir.startsWith('/')) {
    throw new ApiError(400, `the working directory '${data.WorkingDir}' is invalid, it needs to be an absolute path`);
  }
  return {
    image: data.Image,
    entrypoint: data.Entrypoint ?? [],
    entrypointGiven: data.Entrypoint !== null,
    cmd: data.Cmd ?? [],
    env: (data.Env ?? []).map(checkVariable),
    workingDir: data.WorkingDir,
    hostname: data.Hostname,
    labels: data.Labels ?? {},
    exposedPorts: Object.keys(data.ExposedPorts ?? {}).map((port) => `${parsePort(port)}/tcp`),
    ports: parseBindings(host.PortBindings),
    tty: data.Tty,
    openStdin: data.OpenStdin,
    stdinOnce: data.StdinOnce,
    autoRemove: host.AutoRemove,
    stopSignal: data.StopSignal,
    stopTimeout: data.StopTimeout ?? 10,
    init: host.Init,
    ...parseLimits(host),
    volumes: parseVolumes(host.Binds ?? [], Object.keys(data.Volumes ?? {})),
  };
}

/** Lays the call's options over the image's own settings. An entrypoint of one's own drops the image's command too. */
export function mergeImageConfig(
  asked: ReturnType<typeof parseContainerOptions>,
  image: ImageConfig['config'],
  id: string,
): ContainerOptions {
  const { entrypointGiven, ...options } = asked;
  const merged: ContainerOptions = {
    ...options,
    entrypoint: entrypointGiven ? options.entrypoint : (image.Entrypoint ?? []),
    cmd: options.cmd.length > 0 || entrypointGiven ? options.cmd : (image.Cmd ?? []),
    env: mergeVariables([...(image.Env ?? []), ...options.env]),
    workingDir: options.workingDir || image.WorkingDir || '/',
    hostname: options.hostname || id.slice(0, 12),
    labels: { ...image.Labels, ...options.labels },
    exposedPorts: [
      ...new Set([
        ...Object.keys(image.ExposedPorts ?? {}),
        ...options.exposedPorts,
        ...options.ports.map((port) => `${port.container}/tcp`),
      ]),
    ],
    stopSignal: options.stopSignal || image.StopSignal || 'SIGTERM',
  };
  if (merged.entrypoint.length + merged.cmd.length === 0) throw new ApiError(400, 'No command specified');
  return merged;
}

function parseBindings(bindings: Record<string, { HostIp: string; HostPort: string }[] | null>): { host: number; container: number }[] {
  const ports = Object.entries(bindings).flatMap(([port, targets]) =>
    (targets ?? []).map(({ HostIp, HostPort }) => {
      if (!['', '0.0.0.0', '::'].includes(HostIp))
        throw new ApiError(400, `-p ${HostIp}:… is refused: in the lab a port belongs to the machine, write -p HOST:CONTAINER.`);
      if (!/^\d{1,5}$/.test(HostPort) || Number(HostPort) < 1 || Number(HostPort) > 65_535) {
        throw new ApiError(
          400,
          `-p needs one port of the machine and one of the container here, like -p 80:80, not ${JSON.stringify(HostPort)}.`,
        );
      }
      return { host: Number(HostPort), container: parsePort(port) };
    }),
  );
  return ports.filter(
    (port, index) => ports.findIndex((other) => other.host === port.host && other.container === port.container) === index,
  );
}

/** What was not asked for, or asked for without an end, is the lab's own limit. */
function parseLimits({ Memory, PidsLimit, NanoCpus }: z.infer<typeof hostSchema>) {
  if (Memory && Memory < leastMemory) throw new ApiError(400, 'Minimum memory limit allowed is 6MB');
  const most = cpus().length;
  if (NanoCpus && (NanoCpus < 1e7 || NanoCpus > most * 1e9)) {
    throw new ApiError(400, `range of CPUs is from 0.01 to ${most}.00, as there are only ${most} CPUs available`);
  }
  return {
    memory: Memory || defaultLimits.memory,
    pidsLimit: PidsLimit && PidsLimit > 0 ? PidsLimit : defaultLimits.pids,
    nanoCpus: NanoCpus ?? 0,
  };
}

function parsePort(written: string): number {
  const match = /^(\d{1,5})(?:\/(\w+))?$/.exec(written);
  const number = Number(match?.[1]);
  if (!match || number < 1 || number > 65_535) throw new ApiError(400, `invalid port specification: "${written}"`);
  if ((match[2] ?? 'tcp') !== 'tcp') throw new ApiError(400, `the port ${written} is refused: the lab's containers have TCP ports only.`);
  return number;
}

function checkVariable(pair: string): string {
  if (pair.startsWith('=') || pair.includes('\0')) throw new ApiError(400, `invalid environment variable: ${JSON.stringify(pair)}`);
  return pair;
}

/** The last one of a name wins; a name without a value takes the variable away. */
function mergeVariables(pairs: string[]): string[] {
  const merged = new Map<string, string>();
  for (const pair of pairs) {
    const name = pair.split('=', 1)[0]!;
    if (pair.includes('=')) merged.set(name, pair);
    else merged.delete(name);
  }
  return [...merged.values()];
}

function refuseOthers(values: Record<string, unknown>, known: Set<string>): void {
  for (const [key, value] of Object.entries(values)) if (!known.has(key) && !isNeutral(value)) throw refusal(key, value);
}

function refusal(key: string, value: unknown): ApiError {
  const option = optionNames[key] ?? `--${key.replace(/[a-z](?=[A-Z])/g, '$&-').toLowerCase()}`;
  const shown = typeof value === 'string' ? ` ${value}` : '';
  return new ApiError(
    400,
    `${option}${shown} is refused: the lab's containers take --name, -p, -e, -d, -i, -t, --rm, -w, -h, -l, -m, -v, --init, --pids-limit and --cpus only. Use a real Docker Engine for more.`,
  );
}

/** What a client sends for options that nobody asked for. */
function isNeutral(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isNeutral);
  if (typeof value === 'object' && value !== null) return Object.values(value).every(isNeutral);
  return (
    value === undefined ||
    value === null ||
    value === '' ||
    value === 0 ||
    value === -1 ||
    value === false ||
    value === 'default' ||
    value === 'private'
  );
}
