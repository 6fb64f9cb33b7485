import type { ReactNode } from 'react';
import type { ClusterState } from '#lib/shared/cluster.ts';

interface Props {
  cluster: ClusterState;
  address: string;
}

/** Stands in the preview until a unit runs, and says how far the way is. */
export function NotUpYet({ cluster, address }: Props) {
  const host = address.replace(/^http:\/\/|\/$/g, '');
  const machine = cluster.status === 'up' ? cluster.machines[0] : undefined;
  const unit = cluster.status === 'up' ? cluster.units[0] : undefined;
  return (
    <div className="not-up">
      <p className="not-up-title">
        {cluster.status === 'connecting' ? `Asking the cluster about ${host}…` : `Nothing answers at ${host} yet`}
      </p>
      <ol>
        <Stage done={Boolean(machine)}>{machine ? `A machine is up: ${machine.address}` : 'A machine is up'}</Stage>
        <Stage done={Boolean(unit)}>
          {unit ? `A unit is scheduled: ${unit.name}` : 'A unit is scheduled'}
          {unit?.sub && ` (${unit.active}, ${unit.sub})`}
        </Stage>
        <Stage done={false}>The server in it listens</Stage>
      </ol>
      <p className="not-up-note">The page comes by itself as soon as it does.</p>
    </div>
  );
}

function Stage({ done, children }: { done: boolean; children: ReactNode }) {
  return (
    <li data-done={done}>
      {children}
      <span className="sr-only">{done ? ' (yes)' : ' (not yet)'}</span>
    </li>
  );
}
