'use client';

import dynamic from 'next/dynamic';
import { useEffect, useState } from 'react';
import type { TerminalName } from '#lib/shared/chapter.ts';

/** The emulator weighs more than the rest of the page, so it comes after the text. */
const TerminalScreen = dynamic(() => import('./terminal-screen.tsx').then((module) => module.TerminalScreen), {
  ssr: false,
  loading: () => <p className="terminal-waiting">Opening the terminal…</p>,
});

/** A terminal that is opened when it is first looked at, and stays. */
export function TerminalPane({ name, shown }: { name: TerminalName; shown: boolean }) {
  const [wanted, setWanted] = useState(shown);
  useEffect(() => {
    if (shown) setWanted(true);
  }, [shown]);
  return wanted ? <TerminalScreen name={name} /> : null;
}
