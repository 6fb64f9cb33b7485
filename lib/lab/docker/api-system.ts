// What the engine says of itself.
import { cpus, release, totalmem } from 'node:os';
import type { MachineFacts } from '#lib/lab/machine.ts';
import type { ApiCall, Route } from './api-call.ts';
import { statusOf } from './container-view.ts';
import type { Containers } from './containers.ts';
import type { ImageStore } from './image-store.ts';
import type { Isolation } from './sandbox.ts';

export const apiVersion = '1.43';
export const minimumApiVersion = '1.24';
const engineVersion = '1.0.0';

/** As Docker's client prints it below `docker info`. */
export function isolationWarning(reason: string): string {
  return `Containers are ordinary processes here, with a folder, ports and signals of their own; nothing keeps them from this computer's files and network: ${reason}.`;
}

export function systemRoutes(machine: MachineFacts, images: ImageStore, containers: Containers, isolation: Isolation): Route[] {
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  const ping = (call: ApiCall) => void call.stream('text/plain; charset=utf-8').end('OK');
  return [
    ['GET', /^\/_ping$/, ping],
    ['HEAD', /^\/_ping$/, ping],
    [
      'GET',
      /^\/version$/,
      (call) => {
        const details = {
          ApiVersion: apiVersion,
          MinAPIVersion: minimumApiVersion,
          Os: 'linux',
          Arch: architecture,
          KernelVersion: release(),
          GoVersion: `none (Node ${process.versions.node})`,
          GitCommit: 'none',
          BuildTime: 'none',
        };
        call.json(200, {
          Platform: { Name: 'CoreOS-Reflector lab' },
          Version: engineVersion,
          ...details,
          Components: [{ Name: 'Engine', Version: engineVersion, Details: { ...details, Experimental: 'false' } }],
        });
      },
    ],
    [
      'GET',
      /^\/info$/,
      (call) => {
        const states = containers.list().map(({ record }) => statusOf(record));
        const running = states.filter((status) => status === 'running' || status === 'paused').length;
        const paused = states.filter((status) => status === 'paused').length;
        call.json(200, {
          ID: machine.id,
          Name: machine.name,
          ServerVersion: engineVersion,
          OperatingSystem: `CoreOS-Reflector lab on ${process.platform}`,
          OSType: 'linux',
          Architecture: process.arch === 'x64' ? 'x86_64' : process.arch,
          KernelVersion: release(),
          NCPU: cpus().length,
          MemTotal: totalmem(),
          Containers: states.length,
          ContainersRunning: running,
          ContainersPaused: paused,
          ContainersStopped: states.length - running,
          Images: images.list().length,
          Driver: 'plain',
          LoggingDriver: 'json-file',
          DockerRootDir: '/var/lib/docker',
          IndexServerAddress: 'https://index.docker.io/v1/',
          RegistryConfig: { IndexConfigs: {}, InsecureRegistryCIDRs: [], Mirrors: [] },
          Plugins: { Volume: [], Network: ['bridge'], Authorization: null, Log: ['json-file'] },
          SecurityOptions: 'sandbox' in isolation ? ['name=bubblewrap', 'name=no-new-privileges'] : [],
          Warnings: 'sandbox' in isolation ? null : [`WARNING: ${isolationWarning(isolation.reason)}`],
        });
      },
    ],
  ];
}
