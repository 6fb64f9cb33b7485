'use client';

import { useRouter } from 'next/navigation';
import { type MouseEvent, type ReactNode, useEffect } from 'react';
import { writeStored } from '#lib/client/stored.ts';

/** Links between chapters that stand in the text change the chapter without leaving the page, so that the terminals stay. */
export function InnerLinks({ slug, children }: { slug: string; children: ReactNode }) {
  const router = useRouter();
  useEffect(() => writeStored('chapter', slug), [slug]);

  function follow(event: MouseEvent) {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (!link || link.target || link.origin !== location.origin || link.pathname === location.pathname) return;
    event.preventDefault();
    router.push(link.pathname + link.hash);
  }

  // biome-ignore lint/a11y/noStaticElementInteractions lint/a11y/useKeyWithClickEvents: the links inside are what is used; a key press on them is a click
  return <div onClick={follow}>{children}</div>;
}
