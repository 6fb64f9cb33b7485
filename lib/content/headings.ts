import type { Token } from 'markdown-it';
import type { ChapterSummary } from '#lib/shared/chapter.ts';
import { plainText } from './markdown.ts';
import type { Report } from './problems.ts';

export type Heading = ChapterSummary['headings'][number];

/** Gives second- and third-level headings their ids. `taken` holds the ids that the page uses otherwise; the new ones are added to it. */
export function markHeadings(tokens: Token[], taken: Set<string>, lineOf: (token: Token) => number, report: Report): Heading[] {
  const headings: Heading[] = [];
  for (const [index, token] of tokens.entries()) {
    if (token.type !== 'heading_open') continue;
    if (token.tag === 'h1')
      report(lineOf(token), 'a chapter has no "#" heading, as its title stands in the front matter. Use "##" for its sections.');
    if (token.level > 0 || (token.tag !== 'h2' && token.tag !== 'h3')) continue;
    const title = plainText(tokens[index + 1]!);
    const id = uniqueId(slugify(title), taken);
    token.attrSet('id', id);
    headings.push({ id, title, level: token.tag === 'h2' ? 2 : 3 });
  }
  return headings;
}

function slugify(title: string): string {
  const words = title
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[\u0300-\u036f'’]/g, '');
  return words.replace(/[^\p{Letter}\p{Number}]+/gu, '-').replace(/^-+|-+$/g, '') || 'section';
}

function uniqueId(wanted: string, taken: Set<string>): string {
  let id = wanted;
  for (let count = 2; taken.has(id); count++) id = `${wanted}-${count}`;
  taken.add(id);
  return id;
}
