import type { Token } from 'markdown-it';
import type { Block } from '#lib/shared/chapter.ts';
import type { Markdown } from './markdown.ts';
import type { Report } from './problems.ts';
import { readContainer } from './read-containers.ts';
import { attachToSteps, type Fences, isActive, readFence } from './read-fences.ts';

/** Turns a chapter's tokens into blocks: what stands between code blocks and containers becomes one piece of prose. */
export function readBlocks(
  { tokens, render }: Markdown,
  lineOf: (token: Token) => number,
  report: Report,
): { blocks: Block[]; fences: Fences } {
  const blocks: Block[] = [];
  const fences: Fences = { steps: [], attachments: [] };
  let prose: Token[] = [];
  const add = (block: Block | null) => block && blocks.push(block);
  const endProse = () => {
    if (prose.length > 0) blocks.push({ kind: 'prose', html: render(prose) });
    prose = [];
  };
  for (let index = 0; index < tokens.length; index++) {
    const token = tokens[index]!;
    if (token.level === 0 && token.type === 'fence') {
      endProse();
      add(readFence(token, lineOf(token), fences, report));
    } else if (token.level === 0 && token.type === 'container_open') {
      endProse();
      const end = tokens.findIndex((other, at) => at > index && other.level === 0 && other.type === 'container_close');
      const inside = tokens.slice(index + 1, end);
      reportMisplaced(inside, lineOf, report);
      add(readContainer(token, inside, lineOf(token), render, report));
      index = end;
    } else {
      reportMisplaced([token], lineOf, report);
      prose.push(token);
    }
  }
  endProse();
  attachToSteps(fences, report);
  return { blocks, fences };
}

function reportMisplaced(tokens: Token[], lineOf: (token: Token) => number, report: Report) {
  for (const token of tokens) {
    if (token.type === 'fence' && isActive(token)) {
      report(
        lineOf(token),
        'a block that runs, checks or expects stands at the left margin, outside lists, quotes and containers. Move it there.',
      );
    }
    if (token.type === 'container_open') {
      report(lineOf(token), 'a container stands at the left margin, outside lists, quotes and other containers. Move it there.');
    }
  }
}
