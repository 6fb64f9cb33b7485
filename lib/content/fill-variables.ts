import type { Block, Chapter, Step } from '#lib/shared/chapter.ts';
import type { ContentVariable } from './variables.ts';

export type VariableValues = Record<ContentVariable, string>;

/** A chapter as the learner reads it, with the values in place of `{{name}}`. For the page only: what runs is quoted for the shell by whoever runs it. */
export function fillChapter(chapter: Chapter, values: VariableValues): Chapter {
  return { ...chapter, blocks: chapter.blocks.map((block) => fillBlock(block, values)) };
}

/** Names that nobody knows stay as they are. */
export function fillText(text: string, values: VariableValues): string {
  return text.replace(/\{\{(\w+)\}\}/g, (written, name: string) =>
    Object.hasOwn(values, name) ? values[name as ContentVariable] : written,
  );
}

function fillBlock(block: Block, values: VariableValues): Block {
  switch (block.kind) {
    case 'prose':
    case 'note':
      return { ...block, html: fillText(block.html, escapeValues(values)) };
    case 'listing':
      return { ...block, text: fillText(block.text, values) };
    case 'step':
      return { ...block, step: fillStep(block.step, values) };
    case 'diagram':
      return block;
    default:
      return block satisfies never;
  }
}

function fillStep(step: Step, values: VariableValues): Step {
  const fill = (text: string | null) => (text === null ? null : fillText(text, values));
  return { ...step, command: fillText(step.command, values), undo: fill(step.undo), until: fill(step.until), expect: fill(step.expect) };
}

function escapeValues(values: VariableValues): VariableValues {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  const escaped = Object.entries(values).map(([name, value]) => [name, value.replace(/[&<>"]/g, (character) => entities[character]!)]);
  return Object.fromEntries(escaped);
}
