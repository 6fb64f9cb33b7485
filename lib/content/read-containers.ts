import type { Token } from 'markdown-it';
import { type Block, type DiagramPart, diagramParts } from '#lib/shared/chapter.ts';
import { checkAttributes, parseInfoString } from './info-string.ts';
import type { Markdown } from './markdown.ts';
import { listChoices, type Report } from './problems.ts';

const defaultTitles = { note: 'Note', 'then-and-now': 'Then and now', warning: 'Careful' } as const;
const names = [...Object.keys(defaultTitles), 'diagram'].map((name) => `:::${name}`);

/** The block that `:::name …` becomes. `inside` are the tokens between its opening and its end. */
export function readContainer(open: Token, inside: Token[], line: number, render: Markdown['render'], report: Report): Block | null {
  const [name = '', ...rest] = open.info.split(/\s+/);
  if (!name) {
    report(line, `":::" closes nothing here. Remove it, or open a container above with ${listChoices(names)}.`);
    return null;
  }
  if (!open.meta?.closed) report(line, `":::${name}" is never closed. Put ":::" on a line of its own after its last line.`);
  if (name === 'diagram') return readDiagram(rest.join(' '), inside, line, report);
  if (!isTone(name)) {
    report(line, `the container ":::${name}" is unknown. Use ${listChoices(names)}.`);
    return null;
  }
  if (inside.length === 0) report(line, `":::${name}" is empty. Write its text before the line ":::".`);
  return { kind: 'note', tone: name, title: rest.join(' ') || defaultTitles[name], html: render(inside) };
}

function readDiagram(text: string, inside: Token[], line: number, report: Report): Block | null {
  const info = parseInfoString(text);
  if (typeof info === 'string') {
    report(line, info);
    return null;
  }
  for (const problem of checkAttributes('":::diagram"', info.attributes, [], ['focus'])) report(line, problem);
  for (const word of info.words) report(line, `"${word}" means nothing to ":::diagram". Write focus=machine, for example.`);
  if (inside.length > 0) report(line, '":::diagram" holds no text: the page draws it. Move the text below the line ":::".');
  const focus = info.attributes.get('focus') ?? null;
  if (focus === null || isPart(focus)) return { kind: 'diagram', focus };
  report(line, `the diagram has no part "${focus}". Use ${listChoices(diagramParts.map((part) => `focus=${part}`))}.`);
  return null;
}

function isTone(name: string): name is keyof typeof defaultTitles {
  return Object.hasOwn(defaultTitles, name);
}

function isPart(name: string): name is DiagramPart {
  return (diagramParts as readonly string[]).includes(name);
}
