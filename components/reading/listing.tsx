import { CopyButton } from '../copy-button.tsx';
import { CommandText } from '../step/command-text.tsx';

interface Props {
  language: string;
  text: string;
  title: string | null;
}

/** Languages in which a line that begins with `#` is a comment. */
const hashComments = new Set(['sh', 'bash', 'console', 'ruby', 'rb', 'yaml', 'yml', 'ini', 'systemd', 'dockerfile', 'toml']);

export function Listing({ language, text, title }: Props) {
  const name = title ?? (language === 'text' ? '' : language);
  return (
    <figure className="listing">
      <figcaption>
        <span className={title ? 'listing-title' : 'listing-language'}>{name || 'Listing'}</span>
        <CopyButton text={withoutPrompts(language, text)} label={name ? `Copy ${name}` : 'Copy the listing'} />
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a long listing scrolls sideways, also by keyboard */}
      <pre tabIndex={0}>
        <code>
          <CommandText text={text} comments={hashComments.has(language)} />
        </code>
      </pre>
    </figure>
  );
}

/** In a console listing `$ ` marks what was typed; it must not be pasted along. */
export function withoutPrompts(language: string, text: string): string {
  if (language !== 'console' && language !== 'shell-session') return text;
  const typed = text.split('\n').filter((line) => line.startsWith('$ '));
  return typed.length > 0 ? `${typed.map((line) => line.slice(2)).join('\n')}\n` : text;
}
