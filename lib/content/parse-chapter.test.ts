import { expect, test } from 'vitest';
import type { Block } from '#lib/shared/chapter.ts';
import { parseChapter } from './parse-chapter.ts';

const frontMatter = ['---', 'title: Trial', 'summary: A chapter to try things with.', '---', ''];

function parse(...lines: string[]) {
  const problems: string[] = [];
  const parsed = parseChapter([...frontMatter, ...lines, ''].join('\n'), 'trial', 1, (line, text) => problems.push(`${line}: ${text}`));
  return { chapter: parsed!.chapter, blocks: parsed!.chapter.blocks, problems };
}

function prose(blocks: Block[]): string {
  return blocks.map((block) => (block.kind === 'prose' ? block.html : '')).join('\n');
}

test('a step takes its attributes, its sample output and its check from its blocks', () => {
  const { blocks, problems, chapter } = parse(
    '```sh run id=up title="Start it" in=journal timeout=5m undo="rm x" requires=a,b ask="Sure (yes/no)?" answer=yes until="online"',
    'touch x',
    'ls {{address}}',
    '```',
    '```expect for=up',
    'x',
    '```',
    '```sh check for=up hint="Is x there?"',
    'test -f x',
    '```',
  );
  expect(problems).toEqual([]);
  expect(chapter.steps).toEqual(['up']);
  expect(blocks).toEqual([
    {
      kind: 'step',
      step: {
        id: 'up',
        title: 'Start it',
        command: 'touch x\nls {{address}}',
        terminal: 'journal',
        timeout: 300,
        question: { text: 'Sure (yes/no)?', answer: 'yes' },
        until: 'online',
        undo: 'rm x',
        requires: ['a', 'b'],
        expect: 'x',
        check: { command: 'test -f x', hint: 'Is x there?' },
      },
    },
  ]);
});

test('a check may say that it can pass before its step has run', () => {
  const step = (before: string) =>
    parse('```sh run id=up title=Up', 'true', '```', `\`\`\`sh check for=up hint=h ${before}`, 'true', '```');
  expect(step('before=any').blocks).toMatchObject([{ step: { check: { command: 'true', hint: 'h', before: 'any' } } }]);
  expect(step('before=never').problems).toEqual([expect.stringContaining('before=any')]);
});

test('a plain step runs in the shell, for a minute, and asks for nothing', () => {
  const { blocks } = parse('```sh run id=ls title=List', 'ls', '```');
  expect(blocks[0]).toMatchObject({
    step: { terminal: 'shell', timeout: 60, question: null, until: null, undo: null, requires: [], expect: null, check: null },
  });
});

test('a code block without "run" is a listing, whatever it holds', () => {
  const { blocks, problems } = parse('```sh title="Not now"', 'rm -rf /', '```', '', '```', '$ ls', '```', '', '~~~yaml', 'a: 1', '~~~');
  expect(problems).toEqual([]);
  expect(blocks).toEqual([
    { kind: 'listing', language: 'sh', text: 'rm -rf /', title: 'Not now' },
    { kind: 'listing', language: 'text', text: '$ ls', title: null },
    { kind: 'listing', language: 'yaml', text: 'a: 1', title: null },
  ]);
});

test('text, listings and containers keep their order', () => {
  const { blocks } = parse(
    'One.',
    '',
    '```',
    'two',
    '```',
    '',
    'Three.',
    '',
    ':::diagram focus=machine',
    ':::',
    '',
    ':::note Four',
    'Four *is* here.',
    ':::',
    'Five.',
  );
  expect(blocks.map(({ kind }) => kind)).toEqual(['prose', 'listing', 'prose', 'diagram', 'note', 'prose']);
  expect(blocks[3]).toEqual({ kind: 'diagram', focus: 'machine' });
  expect(blocks[4]).toEqual({ kind: 'note', tone: 'note', title: 'Four', html: '<p>Four <em>is</em> here.</p>' });
});

test('a container may hold a listing that shows colons, and has a title of its own when none is given', () => {
  const { blocks, problems } = parse(':::then-and-now', '```', ':::', '```', ':::', ':::warning', 'Hot.', ':::');
  expect(problems).toEqual([]);
  expect(blocks).toMatchObject([
    { tone: 'then-and-now', title: 'Then and now' },
    { tone: 'warning', title: 'Careful', html: '<p>Hot.</p>' },
  ]);
});

test('headings get ids that neither repeat nor take the id of a step', () => {
  const { chapter, blocks } = parse(
    '## Let’s *go*!',
    '',
    '### Let’s go',
    '',
    '## Clone',
    '',
    '#### Deep',
    '',
    '```sh run id=clone title=Clone',
    'ls',
    '```',
  );
  expect(chapter.headings).toEqual([
    { id: 'lets-go', title: 'Let’s go!', level: 2 },
    { id: 'lets-go-2', title: 'Let’s go', level: 3 },
    { id: 'clone-2', title: 'Clone', level: 2 },
  ]);
  expect(prose(blocks)).toContain('<h2 id="clone-2">Clone</h2>');
});

test('links out of the tutorial open elsewhere, links to chapters become addresses beside this one', () => {
  const html = prose(parse('[a](https://etcd.io/x?y=1#z) [b](05-etcd.md#discovery) [c](#go) [d](05-etcd.md)').blocks);
  expect(html).toContain('<a href="https://etcd.io/x?y=1#z" rel="noopener noreferrer" target="_blank">a</a>');
  expect(html).toContain('<a href="etcd#discovery">b</a>');
  expect(html).toContain('<a href="#go">c</a>');
  expect(html).toContain('<a href="etcd">d</a>');
});

test.each([
  'javascript:alert(1)',
  'JavaScript:alert(1)',
  '&#106;avascript:alert(1)',
  'java&#9;script:alert(1)',
  'data:text/html,x',
  'vbscript:x',
  'file:///etc/passwd',
  '//evil.example/x',
  '\\\\evil.example/x',
  'http:evil.example',
  'https://',
  '/admin',
  '../README.md',
  'mailto:a@b.example',
])('a link to %s is a problem', (target) => {
  const { problems } = parse(`See [here](${target}).`);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatch(/^6: the link to ".*" leads nowhere\. /);
});

test('addresses in angle brackets and in definitions are judged as well', () => {
  expect(parse('<javascript:alert(1)>').problems).toHaveLength(1);
  expect(parse('[x]', '', '[x]: javascript:alert(1)').problems).toHaveLength(1);
});

test('raw HTML is shown as text and never becomes markup', () => {
  const html = prose(parse('<script>alert(1)</script>', '', 'a <img src=x onerror=alert(1)> b', '', '# <b>x</b>').blocks);
  expect(html).not.toMatch(/<(?:script|img|b)\b/);
  expect(html).toContain('&lt;script&gt;');
});

test('code in a listing or in prose is escaped', () => {
  expect(prose(parse('`<b>`', '', '- list', '', '      <i>').blocks)).not.toMatch(/<[bi]>/);
});

test('minutes come from the front matter, else from the number of words', () => {
  expect(parse('word '.repeat(1000)).chapter.minutes).toBe(5);
  expect(parse('word').chapter.minutes).toBe(1);
  const fixed = parseChapter('---\ntitle: T\nsummary: S\nminutes: 9\nfocus: etcd\n---\nword', 't', 3, () => {});
  expect(fixed?.chapter).toMatchObject({ minutes: 9, focus: 'etcd', number: 3, slug: 't' });
});

test('what a whole chapter requires, each of its steps requires', () => {
  const text = '---\ntitle: T\nsummary: S\nrequires: [up]\n---\n```sh run id=x title=X requires=y,up\nls\n```\n';
  const block = parseChapter(text, 't', 1, () => {})?.chapter.blocks[0];
  expect(block).toMatchObject({ step: { requires: ['up', 'y'] } });
});

test('Windows line ends and a byte order mark change nothing', () => {
  const text = '\uFEFF---\r\ntitle: T\r\nsummary: S\r\n---\r\n```sh run id=x title=X\r\nls\r\npwd\r\n```\r\n';
  const parsed = parseChapter(text, 't', 1, (line, problem) => expect.fail(`${line}: ${problem}`));
  expect(parsed?.chapter.blocks[0]).toMatchObject({ step: { command: 'ls\npwd' } });
});

test.each(['*a_', '>', '[', '![', '`', '<', '**', '- ', ':::note\n', '```\n', '{{', '&', '\\', '[a](', '| a '])(
  '%j many times over is read in time',
  (shape) => {
    const text = `${frontMatter.join('\n')}${shape.repeat(Math.floor(60_000 / shape.length))}`;
    const started = performance.now();
    parseChapter(text, 't', 1, () => {});
    expect(performance.now() - started).toBeLessThan(5000);
  },
);
