'use client';

import { useCluster } from '#lib/client/session.ts';
import type { ClusterState } from '#lib/shared/cluster.ts';

/** The cluster in one line; opened, all its machines and units. */
export function ClusterLine() {
  const cluster = useCluster();
  return (
    <details className="cluster" data-cluster={cluster.status}>
      <summary>
        <span className={cluster.status === 'connecting' ? 'dot pulse' : 'dot'} data-on={cluster.status === 'up'} />
        {summarize(cluster)}
      </summary>
      <div className="cluster-details">{cluster.status === 'up' ? <Details cluster={cluster} /> : <p>{explain(cluster.status)}</p>}</div>
    </details>
  );
}

function summarize(cluster: ClusterState): string {
  if (cluster.status === 'down') return 'Cluster is down';
  if (cluster.status === 'connecting') return 'Connecting to the cluster…';
  const running = cluster.units.filter(({ sub }) => sub === 'running').length;
  return `Cluster is up · ${count(cluster.machines.length, 'machine')} · ${running} of ${count(cluster.units.length, 'unit')} running`;
}

function explain(status: 'down' | 'connecting'): string {
  if (status === 'down') return 'Nobody answers on the SSH tunnel’s port. “vagrant up” starts the machines.';
  return 'Somebody listens on the SSH tunnel’s port; the answer is on its way.';
}

function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`;
}

function Details({ cluster }: { cluster: Extract<ClusterState, { status: 'up' }> }) {
  return (
    <>
      <table>
        <caption>Machines</caption>
        <tbody>
          {cluster.machines.map((machine) => (
            <tr key={machine.id}>
              <th scope="row">{machine.address}</th>
              <td>{machine.id.slice(0, 8)}…</td>
              <td>
                {Object.entries(machine.metadata)
                  .map(([name, value]) => `${name}=${value}`)
                  .join(', ')}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <table>
        <caption>Units</caption>
        <tbody>
          {cluster.units.map((unit) => (
            <tr key={unit.name}>
              <th scope="row">{unit.name}</th>
              <td>{unit.current}</td>
              <td>
                {unit.active || '–'}/{unit.sub || '–'}
              </td>
            </tr>
          ))}
          {cluster.units.length === 0 && (
            <tr>
              <td>none yet</td>
            </tr>
          )}
        </tbody>
      </table>
    </>
  );
}
