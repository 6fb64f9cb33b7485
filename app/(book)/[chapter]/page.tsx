import type { Metadata } from 'next';
import { notFound } from 'next/navigation';
import { ChapterView } from '#components/reading/chapter-view.tsx';
import { borrowHost } from '#lib/server/bridge.ts';
import type { Chapter, ChapterSummary } from '#lib/shared/chapter.ts';
import { startRun } from '../../actions.ts';

interface Props {
  params: Promise<{ chapter: string }>;
}

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const chapter = await borrowHost().chapter((await params).chapter);
  return chapter ? { title: chapter.title, description: chapter.summary } : { title: 'Not found' };
}

export default async function ChapterPage({ params }: Props) {
  const host = borrowHost();
  const [chapter, chapters] = await Promise.all([params.then(({ chapter }) => host.chapter(chapter)), host.chapters()]);
  if (!chapter) notFound();
  return <ChapterView chapter={chapter} chapters={chapters} required={await findRequired(chapter, chapters)} startRun={startRun} />;
}

/** Title and address of every step that a step of this chapter requires. */
async function findRequired(chapter: Chapter, chapters: ChapterSummary[]) {
  const ids = new Set(chapter.blocks.flatMap((block) => (block.kind === 'step' ? block.step.requires : [])));
  const homes = chapters.filter(({ steps }) => steps.some((id) => ids.has(id)));
  const loaded = await Promise.all(homes.map(({ slug }) => (slug === chapter.slug ? chapter : borrowHost().chapter(slug))));
  return loaded.flatMap((home) =>
    (home?.blocks ?? []).flatMap((block) =>
      block.kind === 'step' && ids.has(block.step.id)
        ? [{ id: block.step.id, title: block.step.title, href: `/${home?.slug}#${block.step.id}` }]
        : [],
    ),
  );
}
