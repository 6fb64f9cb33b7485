'use client';

import { useCluster } from '#lib/client/session.ts';
import type { DiagramPart } from '#lib/shared/chapter.ts';
import { DiagramView } from './diagram/diagram-view.tsx';

/** The tutorial's picture of itself; what is lit in it runs. */
export function ArchitectureDiagram({ focus }: { focus: DiagramPart | null }) {
  return <DiagramView focus={focus} cluster={useCluster()} />;
}
