'use client';

import { useAnnouncement } from '#lib/client/announcements.ts';

export function LiveRegion() {
  const { count, text } = useAnnouncement();
  return (
    <div className="sr-only" aria-live="polite" data-announcements>
      {/* A new element each time, so that the same sentence twice is said twice. */}
      <p key={count}>{text}</p>
    </div>
  );
}
