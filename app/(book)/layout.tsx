import type { ReactNode } from 'react';
import { Workbench } from '#components/dock/workbench.tsx';
import { borrowHost } from '#lib/server/bridge.ts';

/** Holds what stays while chapters change: contents, terminals, preview. */
export default async function BookLayout({ children }: { children: ReactNode }) {
  const host = borrowHost();
  return (
    <Workbench chapters={await host.chapters()} previewUrl={host.preview().url}>
      {children}
    </Workbench>
  );
}
