import type { Block } from '#lib/shared/chapter.ts';
import { ArchitectureDiagram } from '../architecture-diagram.tsx';
import { type StartRun, StepCard } from '../step/step-card.tsx';
import type { RequiredStep } from '../step/step-view.tsx';
import { Listing } from './listing.tsx';
import { Note } from './note.tsx';
import { Prose } from './prose.tsx';

interface Props {
  block: Block;
  chapter: string;
  required: RequiredStep[];
  startRun: StartRun;
}

export function BlockView({ block, chapter, required, startRun }: Props) {
  switch (block.kind) {
    case 'prose':
      return <Prose html={block.html} />;
    case 'note':
      return <Note tone={block.tone} title={block.title} html={block.html} />;
    case 'listing':
      return <Listing language={block.language} text={block.text} title={block.title} />;
    case 'diagram':
      return <ArchitectureDiagram focus={block.focus} />;
    case 'step':
      return <StepCard chapter={chapter} step={block.step} required={required} startRun={startRun} />;
    default:
      return block satisfies never;
  }
}
