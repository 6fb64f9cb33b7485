import type { Chapter, ChapterSummary } from '#lib/shared/chapter.ts';
import type { StartRun } from '../step/step-card.tsx';
import type { RequiredStep } from '../step/step-view.tsx';
import { BlockView } from './block-view.tsx';
import { ChapterPresence } from './chapter-presence.tsx';
import { ChapterTurn } from './chapter-turn.tsx';
import { InnerLinks } from './inner-links.tsx';

interface Props {
  chapter: Chapter;
  chapters: ChapterSummary[];
  required: RequiredStep[];
  startRun: StartRun;
}

export function ChapterView({ chapter, chapters, required, startRun }: Props) {
  const at = chapters.findIndex(({ slug }) => slug === chapter.slug);
  return (
    <InnerLinks slug={chapter.slug}>
      <ChapterPresence slug={chapter.slug} />
      <article className="chapter">
        <header className="chapter-head">
          <p className="chapter-number">
            Chapter {chapter.number} <span aria-hidden="true">·</span> {chapter.minutes} min
          </p>
          <h1>{chapter.title}</h1>
          <p className="chapter-summary">{chapter.summary}</p>
        </header>
        {chapter.blocks.map((block, index) => (
          <BlockView
            key={block.kind === 'step' ? block.step.id : index}
            block={block}
            chapter={chapter.slug}
            required={required}
            startRun={startRun}
          />
        ))}
        <ChapterTurn previous={chapters[at - 1] ?? null} next={chapters[at + 1] ?? null} />
      </article>
    </InnerLinks>
  );
}
