// A machine's Docker daemon: the part of the Docker Engine API that the tutorial touches, on a Unix socket.
import { chmod, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { MachineFacts } from '#lib/lab/machine.ts';
import { type ApiCall, plainCall, type Route, upgradedCall } from './api-call.ts';
import { containerRoutes } from './api-containers.ts';
import { ApiError } from './api-error.ts';
import { execRoutes } from './api-exec.ts';
import { imageRoutes } from './api-images.ts';
import { processRoutes } from './api-processes.ts';
import { apiVersion, minimumApiVersion, systemRoutes } from './api-system.ts';
import { openContainers } from './containers.ts';
import { openImageStore } from './image-store.ts';
import type { Isolation } from './sandbox.ts';

export interface DockerDaemonOptions {
  machine: MachineFacts;
  /** A directory of OCI image layouts, one per repository: `<registry>/pandapup/coreos_reflector/index.json`. */
  registry: string;
  /** The bundled `container-init.cjs`. */
  containerInit: string;
  /** Found out once for all machines. */
  isolation: Isolation;
  /**
   * `-p`: a port of the machine leads to this Unix socket from now on; null takes it away. May throw with `code: 'EADDRINUSE'`.
   * The socket is there once the program listens; until then nothing answers.
   */
  publish(port: number, socketPath: string | null): void;
}

export interface DockerDaemon {
  /** Stops the containers (two seconds each, all at once, then SIGKILL); they stay listed. */
  close(): Promise<void>;
}

/** Listens on `docker.sock` in the machine's run directory. */
export async function startDockerDaemon({
  machine,
  registry,
  containerInit,
  isolation,
  publish,
}: DockerDaemonOptions): Promise<DockerDaemon> {
  const socketPath = join(machine.run, 'docker.sock');
  const images = await openImageStore(join(machine.directory, 'var/lib/docker'), registry);
  const containers = await openContainers({ machine, images, containerInit, isolation, publish });
  const routes = [
    ...systemRoutes(machine, images, containers, isolation),
    ...imageRoutes(images, containers),
    ...containerRoutes(containers),
    ...execRoutes(containers),
    ...processRoutes(containers),
  ];
  const server = createServer((request, response) => void answer(request, response, routes));
  server.on('upgrade', (request, socket, head) => void answerUpgrade(request, socket, head, routes));
  const connections = new Set<Duplex>();
  server.on('connection', (socket) => {
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
  });
  await rm(socketPath, { force: true });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(socketPath, resolve));
  await chmod(socketPath, 0o600);
  return {
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      await containers.close();
      // Whoever waits for a container has its answer by now; streams that have nothing to say any more end here.
      setImmediate(() => {
        for (const socket of connections) socket.destroy();
      });
      await closed;
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, routes: Route[]): Promise<void> {
  response.setHeader('Server', 'CoreOS-Reflector');
  response.setHeader('Api-Version', apiVersion);
  response.setHeader('Ostype', 'linux');
  response.setHeader('Docker-Experimental', 'false');
  await dispatch(
    request,
    routes,
    (params, query) => plainCall(request, response, params, query),
    () => response.headersSent,
  );
}

async function answerUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, routes: Route[]): Promise<void> {
  let taken = false;
  await dispatch(
    request,
    routes,
    (params, query) => {
      const call = upgradedCall(request, socket, head, params, query);
      const hijack: ApiCall['hijack'] = (type) => {
        taken = true;
        return call.hijack(type);
      };
      return { ...call, hijack };
    },
    () => taken,
  );
}

async function dispatch(
  request: IncomingMessage,
  routes: Route[],
  open: (params: string[], query: URLSearchParams) => ApiCall,
  isAnswered: () => boolean,
): Promise<void> {
  const [pathname = '/', query = ''] = (request.url ?? '/').split('?', 2);
  const { path, version } = splitVersion(pathname);
  const found = routes
    .map(([method, pattern, handle]) => ({ handle, match: method === request.method ? pattern.exec(path) : null }))
    .find(({ match }) => match);
  const params = decodeParams(found?.match?.slice(1) ?? []);
  const call = open(params ?? [], new URLSearchParams(query));
  try {
    refuseBrowsers(request);
    checkVersion(version);
    if (!params) throw new ApiError(400, `the path ${path} is not well encoded`);
    if (!found) throw new ApiError(404, `page not found: the lab's Docker does not offer ${request.method} ${path}`);
    await found.handle(call);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (isAnswered()) request.socket.destroy();
    else call.json(error instanceof ApiError ? error.status : 500, { message });
  }
}

/**
 * With `$expose_docker_tcp` the API has a port of this computer, where any web page could send requests; whoever starts a
 * container runs code. No Docker client says where it was called from, or calls us by a domain's name.
 */
function refuseBrowsers({ headers }: IncomingMessage): void {
  const host = (headers.host ?? '').replace(/:\d+$/, '').toLowerCase();
  const isDomain = host.includes('.') && !isIP(host) && !host.endsWith('.localhost') && !host.includes('/') && !host.includes('%2f');
  if (headers.origin !== undefined || headers['sec-fetch-site'] !== undefined || isDomain) {
    throw new ApiError(403, "the lab's Docker does not answer web pages");
  }
}

function decodeParams(written: string[]): string[] | null {
  try {
    return written.map(decodeURIComponent);
  } catch {
    return null;
  }
}

function splitVersion(pathname: string): { path: string; version: string | null } {
  const match = /^\/v(\d+\.\d+)(\/.*)$/.exec(pathname);
  return match ? { path: match[2]!, version: match[1]! } : { path: pathname, version: null };
}

function checkVersion(version: string | null): void {
  if (!version) return;
  const minor = (text: string) => Number(text.split('.')[0]) * 1000 + Number(text.split('.')[1]);
  if (minor(version) < minor(minimumApiVersion)) {
    throw new ApiError(
      400,
      `client version ${version} is too old. Minimum supported API version is ${minimumApiVersion}, please upgrade your client to a newer version`,
    );
  }
  if (minor(version) > minor(apiVersion)) {
    throw new ApiError(400, `client version ${version} is too new. Maximum supported API version is ${apiVersion}`);
  }
}
