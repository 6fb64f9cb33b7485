// Short sentences for screen readers: what a sighted learner sees change elsewhere on the page.
import { createLive, useLive } from './live.ts';

interface Announcement {
  /** Makes two equal sentences in a row two announcements. */
  count: number;
  text: string;
}

const latest = createLive<Announcement>({ count: 0, text: '' });

export function announce(text: string): void {
  latest.set({ count: latest.get().count + 1, text });
}

export function useAnnouncement(): Announcement {
  return useLive(latest);
}
