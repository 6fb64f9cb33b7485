import { renderToStaticMarkup } from 'react-dom/server';
import { expect, test } from 'vitest';
import { Listing, withoutPrompts } from './listing.tsx';
import { Note } from './note.tsx';
import { withAnchors } from './prose.tsx';

test('a listing is escaped, named and can be copied but not run', () => {
  const html = renderToStaticMarkup(<Listing language="sh" title="vagrant-setup" text={'# <b>\nvagrant up\n'} />);
  expect(html).toContain('<span class="word">&lt;b&gt;</span>');
  expect(html).toContain('aria-label="Copy vagrant-setup"');
  expect(html).not.toContain('Run');
});

test('a heading sign is a comment only in languages that have it', () => {
  expect(renderToStaticMarkup(<Listing language="sh" title={null} text="# a" />)).toContain('comment');
  expect(renderToStaticMarkup(<Listing language="text" title={null} text="# a" />)).not.toContain('comment');
});

test('only what was typed in a console is copied, without its prompt', () => {
  expect(withoutPrompts('console', '$ vagrant status\ncore-01 running\n$ vagrant halt\n')).toBe('vagrant status\nvagrant halt\n');
  expect(withoutPrompts('sh', '$ not a prompt')).toBe('$ not a prompt');
});

test('a note says its kind before its title', () => {
  const html = renderToStaticMarkup(<Note tone="then-and-now" title="CoreOS today" html="<p>Gone.</p>" />);
  expect(html.indexOf('Then and now')).toBeLessThan(html.indexOf('CoreOS today</p>'));
  expect(html).toContain('<p>Gone.</p>');
});

test('a note without a title is called by its kind', () => {
  expect(renderToStaticMarkup(<Note tone="warning" title="" html="" />)).toContain('aria-label="Warning"');
});

test('a heading links to itself by name, also when it holds code', () => {
  const html = withAnchors('<h2 id="the-file">The file <code>"a"</code></h2><h4>none</h4>');
  expect(html).toContain('<a class="anchor" href="#the-file" aria-label="Link to “The file &quot;a&quot;”">#</a></h2>');
  expect(html).toContain('<h4>none</h4>');
});
