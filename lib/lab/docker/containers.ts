// All containers of a machine.
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { markVariable } from '#lib/lab/api.ts';
import type { MachineFacts } from '#lib/lab/machine.ts';
import { ApiError, noSuchContainer } from './api-error.ts';
import { type Container, createContainer } from './container.ts';
import { newContainerId, randomContainerName } from './container-name.ts';
import { mergeImageConfig, parseContainerOptions } from './container-options.ts';
import { type ContainerRecord, loadRecords, saveRecord } from './container-record.ts';
import { socketName } from './container-setting.ts';
import { fillVolumes } from './container-volumes.ts';
import type { ImageStore } from './image-store.ts';
import type { Isolation } from './sandbox.ts';

export interface Containers {
  /** Newest first. */
  list(): Container[];
  /** By name, id or the start of an id; throws Docker's "No such container". */
  find(reference: string): Container;
  /** @param body of the API's create call */
  create(name: string, body: unknown): Promise<Container>;
  /** Throws Docker's errors for a name that is none, or taken. */
  rename(reference: string, name: string): Promise<void>;
  close(): Promise<void>;
}

export interface ContainersOptions {
  machine: MachineFacts;
  images: ImageStore;
  containerInit: string;
  isolation: Isolation;
  publish(port: number, socketPath: string | null): void;
}

/** A socket's path must fit into the kernel's structure; macOS has the shorter one. */
const socketPathBytes = 103;

export async function openContainers({ machine, images, containerInit, isolation, publish }: ContainersOptions): Promise<Containers> {
  const home = join(machine.directory, 'var/lib/docker/containers');
  const run = join(machine.run, 'c');
  if (Buffer.byteLength(join(run, '0'.repeat(12), socketName(65_535, true))) > socketPathBytes) {
    throw new Error(`The folder ${machine.run} has too long a name for the sockets of containers. Choose a shorter one.`);
  }
  await rm(run, { recursive: true, force: true });
  await mkdir(run, { recursive: true, mode: 0o700 });
  await mkdir(home, { recursive: true, mode: 0o700 });
  const { [markVariable]: mark, COREOS_MACHINE } = machine.environment;
  const containers = new Map<string, Container>();
  const reservedNames = new Set<string>();
  const addresses = new Set<number>();
  const ports = new Set<number>();

  async function add(record: ContainerRecord): Promise<Container> {
    const container = await createContainer(record, {
      directory: join(home, record.id),
      machineDirectory: machine.directory,
      sockets: join(run, record.id.slice(0, 12)),
      containerInit,
      isolation,
      hidden: { ...(mark !== undefined && { [markVariable]: mark }), ...(COREOS_MACHINE !== undefined && { COREOS_MACHINE }) },
      takeAddress,
      publish: publishPort,
      onRemoved: () => containers.delete(record.id),
    });
    containers.set(record.id, container);
    return container;
  }

  function takeAddress() {
    let last = 2;
    while (addresses.has(last)) last++;
    addresses.add(last);
    return { address: `172.17.${last >> 8}.${last & 255}`, release: () => void addresses.delete(last) };
  }

  function publishPort(record: ContainerRecord, port: number, socketPath: string): () => void {
    const taken = () =>
      new ApiError(
        500,
        `driver failed programming external connectivity on endpoint ${record.name} (${record.id}): Bind for 0.0.0.0:${port} failed: port is already allocated`,
      );
    if (ports.has(port)) throw taken();
    try {
      publish(port, socketPath);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') throw taken();
      throw error;
    }
    ports.add(port);
    return () => {
      ports.delete(port);
      publish(port, null);
    };
  }

  function byName(name: string): Container | undefined {
    return [...containers.values()].find(({ record }) => record.name === name);
  }

  function find(reference: string): Container {
    const name = reference.replace(/^\//, '');
    const exact = containers.get(name) ?? byName(name);
    if (exact) return exact;
    const started = name ? [...containers.values()].filter(({ record }) => record.id.startsWith(name)) : [];
    if (started.length > 1) throw new ApiError(400, `multiple IDs found with provided prefix: ${name}`);
    if (!started[0]) throw noSuchContainer(reference);
    return started[0];
  }

  function checkName(asked: string): string {
    if (!/^\/?[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(asked)) {
      throw new ApiError(400, `Invalid container name (${asked}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
    }
    const name = asked.replace(/^\//, '');
    const holder = byName(name);
    if (!holder && !reservedNames.has(name)) return name;
    throw new ApiError(
      409,
      `Conflict. The container name "/${name}" is already in use by container "${holder?.record.id ?? 'being created'}". You have to remove (or rename) that container to be able to reuse that name.`,
    );
  }

  async function create(asked: string, body: unknown): Promise<Container> {
    const options = parseContainerOptions(body);
    if (options.volumes.length > 0 && 'reason' in isolation) {
      throw new ApiError(
        400,
        `--volume is refused: without a sandbox a container sees no folder at another place. The reason: ${isolation.reason}.`,
      );
    }
    const image = images.find(options.image);
    const name = asked ? checkName(asked) : randomContainerName((taken) => byName(taken) !== undefined);
    const id = newContainerId();
    const record: ContainerRecord = {
      version: 1,
      id,
      name,
      created: new Date().toISOString(),
      imageId: image.id,
      options: mergeImageConfig(options, image.config.config, id),
      state: { status: 'created', exitCode: 0, error: '' },
    };
    reservedNames.add(name);
    try {
      await images.unpack(image, join(home, id, 'rootfs'));
      await fillVolumes(machine.directory, record.options.volumes, join(home, id, 'rootfs'));
      await saveRecord(join(home, id), record);
      return await add(record);
    } catch (error) {
      await rm(join(home, id), { recursive: true, force: true });
      throw error;
    } finally {
      reservedNames.delete(name);
    }
  }

  for (const record of await loadRecords(home)) {
    const container = await add(record);
    if (record.options.autoRemove) await container.remove(true);
    else await saveRecord(join(home, record.id), record);
  }

  return {
    list: () => [...containers.values()].sort((one, other) => other.record.created.localeCompare(one.record.created)),
    find,
    create,
    async rename(reference, asked) {
      const container = find(reference);
      if (!asked) throw new ApiError(400, 'Neither old nor new names may be empty');
      await container.rename(checkName(asked));
    },
    async close() {
      await Promise.all([...containers.values()].map((container) => container.close()));
    },
  };
}
