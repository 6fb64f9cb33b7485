import type { Token } from 'markdown-it';
import type { Report } from './problems.ts';

/** A link from one place of the tutorial to another. */
export interface Link {
  line: number;
  /** As written. */
  target: string;
  /** The chapter's file, such as `05-etcd.md`; null: this chapter. */
  file: string | null;
  /** The heading's or step's id; null: the whole chapter. */
  id: string | null;
}

const internal = /^(?:(\d\d-[a-z0-9-]+\.md)(?:#(.+))?|#(.+))$/;

/**
 * Judges every link and prepares it for the page: http and https open elsewhere, without the opener and the referrer; `05-etcd.md#id` becomes
 * `etcd#id`, the chapter's address beside this one's; anything else is a problem.
 */
export function prepareLinks(tokens: Token[], lineOf: (token: Token) => number, report: Report): Link[] {
  const links: Link[] = [];
  for (const token of tokens) {
    let line = lineOf(token);
    for (const child of token.children ?? []) {
      if (child.type === 'softbreak' || child.type === 'hardbreak') line += 1;
      if (child.type === 'image') report(line, 'images are not shown. Say it in words, or place the diagram with ":::diagram".');
      if (child.type !== 'link_open') continue;
      const target = String(child.attrGet('href') ?? '');
      if (isExternal(target)) {
        child.attrSet('rel', 'noopener noreferrer');
        child.attrSet('target', '_blank');
        continue;
      }
      const match = internal.exec(target);
      if (match) {
        const [, file = null, fileId, ownId] = match;
        const id = fileId ?? ownId ?? null;
        links.push({ line, target, file, id });
        if (file) child.attrSet('href', `${slugOf(file)}${id ? `#${id}` : ''}`);
      } else {
        report(
          line,
          `the link to "${target}" leads nowhere. Write https://…, http://…, #heading, or a chapter's file such as 05-etcd.md#heading.`,
        );
      }
    }
  }
  return links;
}

function isExternal(target: string): boolean {
  if (!/^https?:\/\//i.test(target)) return false;
  return URL.canParse(target);
}

function slugOf(file: string): string {
  return file.slice(3, -'.md'.length);
}
