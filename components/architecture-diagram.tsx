'use client';

import { useEffect } from 'react';
import { startSession, useCluster } from '#lib/client/session.ts';
import type { DiagramPart } from '#lib/shared/chapter.ts';
import { DiagramView } from './diagram/diagram-view.tsx';

/** The tutorial's picture of itself; what is lit in it runs. */
export function ArchitectureDiagram({ focus }: { focus: DiagramPart | null }) {
  useEffect(startSession, []); // the cover has no workbench that would do it
  return <DiagramView focus={focus} cluster={useCluster()} />;
}
