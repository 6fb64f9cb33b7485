import { Prose } from './prose.tsx';

interface Props {
  tone: 'note' | 'then-and-now' | 'warning';
  title: string;
  html: string;
}

const kinds = { note: 'Note', 'then-and-now': 'Then and now', warning: 'Warning' };

export function Note({ tone, title, html }: Props) {
  const kind = kinds[tone];
  return (
    <aside className="note" data-tone={tone} aria-label={title || kind}>
      <p className="note-kind">{kind}</p>
      {title && title !== kind && <p className="note-title">{title}</p>}
      <Prose html={html} />
    </aside>
  );
}
