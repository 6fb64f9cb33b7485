import Link from 'next/link';
import type { ChapterSummary } from '#lib/shared/chapter.ts';
import { ArchitectureDiagram } from '../architecture-diagram.tsx';
import { ArrowIcon, BrandMark } from '../icons.tsx';
import { ThemeSwitch } from '../theme-switch.tsx';
import { ContinueLink } from './continue-link.tsx';

export function Cover({ chapters }: { chapters: ChapterSummary[] }) {
  const first = chapters[0];
  const minutes = chapters.reduce((sum, chapter) => sum + chapter.minutes, 0);
  return (
    <div className="cover">
      <header className="cover-bar">
        <BrandMark />
        <span className="font-medium">CoreOS-Reflector</span>
        <ThemeSwitch />
      </header>
      <main>
        <div className="cover-opening">
          <div>
            <h1>The Hello World of CoreOS and Docker, and every command runs.</h1>
            <p className="cover-lead">
              Start a cluster, hand it a container, and read your own browser’s request as the server inside saw it. The cluster of 2014
              comes with the page; the terminal beside the text is your own shell.
            </p>
            {first && (
              <p className="cover-actions">
                <Link href={`/${first.slug}`} className="button button-run button-large">
                  Begin <ArrowIcon />
                </Link>
                <ContinueLink chapters={chapters} />
                <span className="text-ink-faint">
                  {chapters.length} chapters, about {minutes} minutes
                </span>
              </p>
            )}
          </div>
          <ArchitectureDiagram focus={null} />
        </div>
        <nav aria-labelledby="app-contents">
          <h2 id="app-contents">Contents</h2>
          <ol className="cover-contents">
            {chapters.map((chapter) => (
              <li key={chapter.slug}>
                <Link href={`/${chapter.slug}`}>
                  <span className="cover-number">{chapter.number}</span>
                  <strong>{chapter.title}</strong>
                  <span className="cover-summary">{chapter.summary}</span>
                  <small>{chapter.minutes} min</small>
                </Link>
              </li>
            ))}
          </ol>
        </nav>
      </main>
    </div>
  );
}
