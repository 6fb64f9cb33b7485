import { expect, test } from 'vitest';
import { fillChapter, fillText } from './fill-variables.ts';
import { parseChapter } from './parse-chapter.ts';

const values = { ssh_port: '2200', discovery: 'http://127.0.0.1:8087/?a&<b>', address: '172.17.8.101' };

test('prose, listings, commands and sample output get the values, prose with its markup intact', () => {
  const text = [
    '---\ntitle: T\nsummary: S\n---',
    'At {{discovery}}.',
    '```\nport {{ssh_port}}\n```',
    '```sh run id=x title=X undo="no {{ssh_port}}" until="on {{address}}"\nls {{address}} {{.Names}}\n```',
    '```expect for=x\n{{address}}\n```',
  ].join('\n');
  const { chapter } = parseChapter(text, 't', 1, () => {})!;
  expect(fillChapter(chapter, values).blocks).toMatchObject([
    { html: '<p>At http://127.0.0.1:8087/?a&amp;&lt;b&gt;.</p>' },
    { text: 'port 2200' },
    { step: { command: 'ls 172.17.8.101 {{.Names}}', undo: 'no 2200', until: 'on 172.17.8.101', expect: '172.17.8.101' } },
  ]);
  expect(JSON.stringify(chapter)).not.toContain('2200');
});

test('a value is never taken for a pattern or for another variable', () => {
  expect(fillText('{{address}} {{constructor}}', { ...values, address: '$& {{ssh_port}}' })).toBe('$& {{ssh_port}} {{constructor}}');
});
