import MarkdownIt, { type Env, type Token } from 'markdown-it';
import { containerRule } from './container-rule.ts';

/** The tokens of one chapter, and what the renderer needs to draw them. */
export interface Markdown {
  tokens: Token[];
  render(tokens: Token[]): string;
}

const markdown = new MarkdownIt({ html: false, linkify: false, typographer: true });
markdown.block.ruler.before('fence', 'container', containerRule, { alt: ['paragraph', 'reference', 'blockquote', 'list'] });
// Every address is judged in links.ts, which can name the line; an address that it refuses keeps the chapter from loading at all.
markdown.validateLink = () => true;

export function parseMarkdown(body: string): Markdown {
  const env: Env = {};
  const tokens = markdown.parse(body, env);
  return { tokens, render: (some) => markdown.renderer.render(some, markdown.options, env).trim() };
}

/** What a reader sees of an inline token's children. */
export function plainText(token: Token): string {
  return (token.children ?? []).map((child) => (child.type === 'softbreak' ? ' ' : child.content)).join('');
}
