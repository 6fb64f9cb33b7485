import type { Token } from 'markdown-it';
import type { Chapter } from '#lib/shared/chapter.ts';
import { readFrontMatter } from './front-matter.ts';
import { markHeadings } from './headings.ts';
import { type Link, prepareLinks } from './links.ts';
import { parseMarkdown, plainText } from './markdown.ts';
import type { Report } from './problems.ts';
import { readBlocks } from './read-blocks.ts';
import { stepIdOf } from './read-fences.ts';
import { checkVariables } from './variables.ts';

/** Words a minute of somebody who reads to understand. */
const readingSpeed = 200;

export interface ParsedChapter {
  chapter: Chapter;
  /** Where each step begins in its file, 1-based. */
  stepLines: { id: string; line: number }[];
  links: Link[];
}

/** One file's text as a chapter; null when its front matter cannot be read. Problems within the file are reported, and reading goes on. */
export function parseChapter(text: string, slug: string, number: number, report: Report): ParsedChapter | null {
  const parts = readFrontMatter(text.replaceAll('\r\n', '\n').replace(/^\uFEFF/, ''), report);
  if (!parts) return null;
  const { frontMatter, body, bodyLine } = parts;
  const lineOf = (token: Token) => (token.map?.[0] ?? 0) + bodyLine;
  const markdown = parseMarkdown(body);
  checkVariables(body, bodyLine, report);
  reportBrokenFences(markdown.tokens, body.split('\n'), lineOf, report);
  const links = prepareLinks(markdown.tokens, lineOf, report);
  // A step is an anchor of the page too, so no heading may take its id.
  const headingsTaken = new Set(markdown.tokens.map(stepIdOf).filter((id) => id !== null));
  const headings = markHeadings(markdown.tokens, headingsTaken, lineOf, report);
  const { blocks, fences } = readBlocks(markdown, lineOf, report);
  for (const { step } of fences.steps) step.requires = [...new Set([...(frontMatter.requires ?? []), ...step.requires])];
  const chapter: Chapter = {
    slug,
    number,
    title: frontMatter.title,
    summary: frontMatter.summary,
    minutes: frontMatter.minutes ?? readingMinutes(markdown.tokens),
    focus: frontMatter.focus ?? null,
    headings,
    steps: fences.steps.map(({ step }) => step.id),
    blocks,
  };
  return { chapter, stepLines: fences.steps.map(({ step, line }) => ({ id: step.id, line })), links };
}

/** Code blocks that Markdown reads otherwise than their author meant. */
function reportBrokenFences(tokens: Token[], lines: string[], lineOf: (token: Token) => number, report: Report) {
  for (const token of tokens) {
    if (token.type === 'inline' && /^`{3,}\w/m.test(token.content)) {
      report(
        lineOf(token),
        'this is no code block, as Markdown allows no backtick in the line that opens one. Remove them, or open and close it with ~~~.',
      );
    }
    if (token.type === 'fence' && !isClosed(token, lines)) {
      report(lineOf(token), `the code block is never closed. Put "${token.markup}" on a line of its own after its last line.`);
    }
  }
}

function isClosed({ map, markup }: Token, lines: string[]): boolean {
  const [start, end] = map ?? [0, 0];
  const last = lines[end - 1] ?? '';
  return end - start > 1 && last.replace(/^[\s>]*/, '').startsWith(markup);
}

function readingMinutes(tokens: Token[]): number {
  const words = tokens.filter(({ type }) => type === 'inline').flatMap((token) => plainText(token).split(/\s+/).filter(Boolean));
  return Math.max(1, Math.round(words.length / readingSpeed));
}
