// Watches the cluster the way fleetctl sees it: through SSH, over the fleet API. Nothing here asks the lab's memory.
import type { Duplex } from 'node:stream';
import type { ClusterState, ClusterUnit } from '#lib/shared/cluster.ts';
import { streamOf } from './channel-stream.ts';
import { createFleetClient, type FleetClient, type FleetUnit, type FleetUnitState } from './fleet-client.ts';
import { connectSsh, type SshConnection } from './ssh-connection.ts';

export interface ObserverOptions {
  /** The tunnel's port on 127.0.0.1 and the private key's text (PEM or OpenSSH); null while no machine runs. */
  locate(): Promise<{ port: number; privateKey: string } | null>;
  /** Called with every state that differs from the last one, which was `down` at first. */
  onState(state: ClusterState): void;
  /** Milliseconds between two looks. */
  interval?: number;
}

export interface Observer {
  state(): ClusterState;
  /** Opens a stream to an address in the cluster. Rejects with `code: 'ECONNREFUSED'` where nothing answers. */
  connect(address: string, port: number): Promise<Duplex>;
  close(): void;
}

const connectTimeoutMs = 5000;
const requestTimeoutMs = 3000;

/** Never throws: whatever goes wrong is the state `down` or `connecting`, and tried again. */
export function observeCluster({ locate, onState, interval = 1000 }: ObserverOptions): Observer {
  const stopped = new AbortController();
  let state: ClusterState = { status: 'down' };
  let connection: SshConnection | null = null;

  function publish(next: ClusterState): void {
    if (stopped.signal.aborted || JSON.stringify(next) === JSON.stringify(state)) return;
    state = next;
    onState(next);
  }

  async function watch(): Promise<void> {
    while (!stopped.signal.aborted) {
      const opened = await open();
      if (opened !== null) await follow(opened);
      await pause(interval, stopped.signal);
    }
  }

  async function open(): Promise<SshConnection | null> {
    try {
      const place = await locate();
      if (place === null || stopped.signal.aborted) return null;
      return await connectSsh({
        host: '127.0.0.1',
        port: place.port,
        username: 'core',
        privateKey: place.privateKey,
        // The port is on this computer and the machines' keys change whenever they are created again.
        verifyHost: async () => true,
        timeout: connectTimeoutMs,
      });
    } catch {
      return null; // not up yet, or going down
    }
  }

  /** Resolves when the connection is lost. */
  async function follow(opened: SshConnection): Promise<void> {
    connection = opened;
    const lost = new AbortController();
    const stop = (): void => opened.close();
    stopped.signal.addEventListener('abort', stop, { once: true });
    if (stopped.signal.aborted) stop();
    void opened.closed.then(() => {
      lost.abort();
      connection = null;
      publish({ status: 'down' });
    });
    const fleet = createFleetClient({ connect: () => openFleet(opened), timeout: requestTimeoutMs });
    while (!lost.signal.aborted) {
      const seen = await look(fleet);
      if (!lost.signal.aborted) publish(seen);
      await pause(interval, lost.signal);
    }
    fleet.close();
    stopped.signal.removeEventListener('abort', stop);
  }

  void watch();
  return {
    state: () => state,
    async connect(address, port) {
      if (connection === null) throw Object.assign(new Error('The cluster is not up'), { code: 'ECONNREFUSED' });
      return connection.openStream(address, port);
    },
    close: () => stopped.abort(),
  };
}

async function openFleet(connection: SshConnection): Promise<Duplex> {
  return streamOf(await connection.exec('fleetctl fd-forward /var/run/fleet.sock'));
}

/** `connecting` while the machine is reached but its fleet does not answer. */
async function look(fleet: FleetClient): Promise<ClusterState> {
  try {
    const [machines, units, states] = [await fleet.machines(), await fleet.units(), await fleet.states()];
    return {
      status: 'up',
      machines: machines.map(({ id, primaryIP, metadata }) => ({ id, address: primaryIP, metadata })),
      units: units.flatMap((unit) => describeUnit(unit, states)),
    };
  } catch {
    return { status: 'connecting' };
  }
}

/** One entry for each machine that reports the unit, which can be several only for a global unit; one entry if none does. */
function describeUnit(unit: FleetUnit, states: FleetUnitState[]): ClusterUnit[] {
  const base = { name: unit.name, desired: unit.desiredState, current: unit.currentState };
  const reports = states.filter(({ name, machineID }) => name === unit.name && (unit.machineID === '' || machineID === unit.machineID));
  if (reports.length === 0) return [{ ...base, machineId: unit.machineID || null, load: '', active: '', sub: '', hash: '' }];
  return reports.map((report) => ({
    ...base,
    machineId: report.machineID,
    load: report.systemdLoadState,
    active: report.systemdActiveState,
    sub: report.systemdSubState,
    hash: report.hash,
  }));
}

/** Resolves after the time, or at once when aborted. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener('abort', done);
  });
}
