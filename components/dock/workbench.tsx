'use client';

import { useRouter } from 'next/navigation';
import { type ReactNode, useEffect, useState } from 'react';
import { onContentChanged } from '#lib/client/content-changes.ts';
import { restorePanel } from '#lib/client/panel.ts';
import { startSession } from '#lib/client/session.ts';
import type { ChapterSummary } from '#lib/shared/chapter.ts';
import { Rail } from '../rail/rail.tsx';
import { Banners } from './banners.tsx';
import { Dock } from './dock.tsx';
import { LiveRegion } from './live-region.tsx';
import { usePaneKey } from './pane-key.ts';

interface Props {
  chapters: ChapterSummary[];
  previewUrl: string;
  children: ReactNode;
}

/** Contents to the left, text in the middle, terminals and preview to the right. Only the text changes with the chapter. */
export function Workbench({ chapters, previewUrl, children }: Props) {
  const [drawerOpen, setDrawerOpen] = useState(false);
  useEffect(() => {
    startSession();
    restorePanel();
  }, []);
  const router = useRouter();
  useEffect(() => onContentChanged(() => router.refresh()), [router]);
  usePaneKey();

  return (
    <div className="workbench">
      <a className="skip-link" href="#app-text">
        Skip to the text
      </a>
      <Rail chapters={chapters} open={drawerOpen} onOpen={() => setDrawerOpen(true)} onClose={() => setDrawerOpen(false)} />
      <main id="app-text" className="reading" tabIndex={-1}>
        <Banners />
        <noscript>
          <p className="banner">The text reads well without JavaScript; the terminals, the preview and the Run buttons need it.</p>
        </noscript>
        {children}
      </main>
      <Dock previewUrl={previewUrl} />
      <LiveRegion />
    </div>
  );
}
