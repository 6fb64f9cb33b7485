import type { ReactNode } from 'react';
import { BrandMark } from '../icons.tsx';

/** A page with a message and nothing else. */
export function PlainPage({ title, children }: { title: string; children: ReactNode }) {
  return (
    <main className="plain-page">
      <BrandMark size={40} />
      <h1>{title}</h1>
      <div className="prose">{children}</div>
    </main>
  );
}
