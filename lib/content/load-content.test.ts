import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadContent } from './load-content.ts';

const frontMatter = '---\ntitle: Trial\nsummary: A chapter to try things with.\n---\n';

async function folder(files: Record<string, string | Uint8Array>): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), 'content-'));
  onTestFinished(() => rm(parent, { recursive: true }));
  const directory = join(parent, 'content');
  await mkdir(directory);
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  return directory;
}

function step(id: string, more = ''): string {
  return `\`\`\`sh run id=${id} title="Do ${id}"${more}\ntrue\n\`\`\`\n`;
}

async function problemsOf(directory: string): Promise<string[]> {
  const error = await loadContent(directory).then(
    () => expect.fail('The content should not have loaded.'),
    (reason: Error) => reason,
  );
  return error.message.split('\n');
}

test('chapters come in the order of their numbers and are found by slug, steps by id', async () => {
  const directory = await folder({
    '10-later.md': `${frontMatter}${step('two', ' requires=one')}`,
    '02-first.md': `${frontMatter}${step('one')}See [later](10-later.md#two).`,
    'notes.txt': 'not a chapter',
    '.#02-first.md': 'what an editor leaves',
  });
  const content = await loadContent(directory);
  expect(content.chapters.map(({ slug, number }) => [slug, number])).toEqual([
    ['first', 1],
    ['later', 2],
  ]);
  expect(content.find('later')?.steps).toEqual(['two']);
  expect(content.find('__proto__')).toBeNull();
  expect(content.step('later', 'two')?.requires).toEqual(['one']);
  expect(content.step('first', 'two')).toBeNull();
  expect(content.step('none', 'two')).toBeNull();
});

test('everything that was read is plain JSON', async () => {
  const { chapters } = await loadContent(await folder({ '01-a.md': `${frontMatter}## H\n\n${step('one')}` }));
  expect(JSON.parse(JSON.stringify(chapters))).toEqual(chapters);
});

const check = '```sh check for=one hint="Look at x."\ntrue\n```\n';
const cases: [name: string, body: string, problem: string][] = [
  [
    'an unknown attribute',
    step('one', ' tiemout=5m'),
    '5: the step "one" has the unknown attribute "tiemout". It takes id, title, in, timeout, undo, requires, ask, answer and until.',
  ],
  ['a step without an id', '```sh run title=X\ntrue\n```', '5: the step lacks id=. Add it to the line that opens it.'],
  ['a step without a title', '```sh run id=x\ntrue\n```', '5: the step "x" lacks title=. Add it to the line that opens it.'],
  [
    'a step id that no address can hold',
    step('Two_Words'),
    '5: the step id "Two_Words" cannot be part of an address. Use small letters, digits and single dashes, such as cluster-up.',
  ],
  ['a step without a command', '```sh run id=x title=X\n\n```', '5: the step "x" has no command. Write it inside the block.'],
  [
    'a step that was copied with its prompt',
    '```sh run id=x title=X\ncd /tmp\n$ ls\n```',
    '5: the step "x" has a line that begins with the prompt "$ ". Write the command alone.',
  ],
  [
    'an unknown terminal',
    step('one', ' in=logs'),
    '5: the step "one" wants the terminal "logs", which does not exist. Use in=shell or in=journal.',
  ],
  [
    'a bad duration',
    step('one', ' timeout=soon'),
    '5: timeout="soon" of the step "one" is not a duration. Write it like 30s, 5m or 1h (a day at most), or timeout=never.',
  ],
  [
    'a question without its answer',
    step('one', ' ask="Sure?"'),
    '5: the step "one" names the question "Sure?" without its answer. Add answer=.',
  ],
  [
    'an answer without its question',
    step('one', ' answer=yes'),
    '5: the step "one" has the answer "yes" without its question. Add ask= with the text that the program prints.',
  ],
  [
    'a step that is used twice',
    `${step('one')}\n${step('one')}`,
    '9: the step id "one" is taken by content/01-a.md:5. Choose another: ids are unique in the whole tutorial.',
  ],
  [
    'a requirement that does not exist',
    step('one', ' requires=two'),
    '5: the step "one" requires "two", which no chapter has. Correct the id, or remove it from requires=.',
  ],
  [
    'a requirement that comes later',
    `${step('one', ' requires=two')}${step('two')}`,
    '5: the step "one" requires "two", which does not come before it. Reorder the steps, or remove it from requires=.',
  ],
  [
    'a requirement of itself',
    step('one', ' requires=one'),
    '5: the step "one" requires "one", which does not come before it. Reorder the steps, or remove it from requires=.',
  ],
  [
    'sample output of an unknown step',
    `${step('one')}\`\`\`expect for=two\nx\n\`\`\``,
    '8: "expect for=two" belongs to a step that this chapter does not have. Its steps are one.',
  ],
  ['a check of an unknown step', check, '5: "check for=one" belongs to a step that this chapter does not have. It has no steps.'],
  ['a second check', `${step('one')}${check}${check}`, '11: the step "one" has a second "check" here. Make them one.'],
  [
    'a check without a hint',
    `${step('one')}\`\`\`sh check for=one\ntrue\n\`\`\``,
    '8: "check" lacks hint=. Add it to the line that opens it.',
  ],
  ['sample output of nobody', '```expect\nx\n```', '5: "expect" lacks for=. Add it to the line that opens it.'],
  [
    'an empty check',
    `${step('one')}\`\`\`sh check for=one hint=h\n\`\`\``,
    '8: "check for=one" is empty. Write inside the block what it runs.',
  ],
  ['an unknown role', '```sh rnu\ntrue\n```', '5: "rnu" means nothing here. Behind the language a block may say run, expect or check.'],
  ['an attribute of a listing', '```sh id=x\ntrue\n```', '5: a listing has the unknown attribute "id". It takes title.'],
  [
    'an unreadable opening line',
    '```sh run id="x\ntrue\n```',
    '5: "id="x" cannot be read. Write attributes as name=value, or name="a value with spaces".',
  ],
  [
    'a backtick in an opening line',
    '~~~sh\n~~~\n\n```sh check for=one hint="Look at `x`."\ntrue\n',
    '8: this is no code block, as Markdown allows no backtick in the line that opens one. Remove them, or open and close it with ~~~.',
  ],
  [
    'a code block without an end',
    'Text.\n\n```sh\ntrue\n',
    '7: the code block is never closed. Put "```" on a line of its own after its last line.',
  ],
  [
    'a step in a list',
    '- list\n\n  ```sh run id=x title=X\n  true\n  ```',
    '7: a block that runs, checks or expects stands at the left margin, outside lists, quotes and containers. Move it there.',
  ],
  [
    'a step in a container',
    `:::note\n${step('one')}:::`,
    '6: a block that runs, checks or expects stands at the left margin, outside lists, quotes and containers. Move it there.',
  ],
  [
    'a container without an end',
    ':::note Title\ntext\n',
    '5: ":::note" is never closed. Put ":::" on a line of its own after its last line.',
  ],
  [
    'an unknown container',
    ':::hint\ntext\n:::',
    '5: the container ":::hint" is unknown. Use :::note, :::then-and-now, :::warning or :::diagram.',
  ],
  ['an empty container', ':::note\n:::', '5: ":::note" is empty. Write its text before the line ":::".'],
  [
    'an end without a beginning',
    'text\n\n:::\n',
    '7: ":::" closes nothing here. Remove it, or open a container above with :::note, :::then-and-now, :::warning or :::diagram.',
  ],
  [
    'a container in a list',
    '- list\n\n  :::note\n  x\n  :::',
    '7: a container stands at the left margin, outside lists, quotes and other containers. Move it there.',
  ],
  [
    'an unknown part of the diagram',
    ':::diagram focus=moon\n:::',
    '5: the diagram has no part "moon". Use focus=machine, focus=container, focus=server, focus=vagrant, focus=etcd, focus=fleetctl or focus=systemd.',
  ],
  ['text in a diagram', ':::diagram\ntext\n:::', '5: ":::diagram" holds no text: the page draws it. Move the text below the line ":::".'],
  [
    'an unknown variable',
    'a\nTo {{adress}}.',
    '6: nothing fills in the variable "adress", written {{adress}}. Write {{ssh_port}}, {{discovery}} or {{address}}.',
  ],
  [
    'a variable with spaces',
    'To {{ address }}.',
    '5: nothing fills in the variable "address", written {{ address }}. Write {{ssh_port}}, {{discovery}} or {{address}}.',
  ],
  [
    'a title in the text',
    '# Title',
    '5: a chapter has no "#" heading, as its title stands in the front matter. Use "##" for its sections.',
  ],
  ['an image', 'a\n![x](x.png)', '6: images are not shown. Say it in words, or place the diagram with ":::diagram".'],
  [
    'a link to no chapter',
    'a\n[x](09-none.md)',
    '6: the link to "09-none.md" names a chapter that does not exist. Correct the file\'s name.',
  ],
  [
    'a link to no heading',
    '[x](#none)',
    '5: the link to "#none" names neither a heading nor a step of content/01-a.md. Correct what follows the "#".',
  ],
  [
    'a link to another scheme',
    '[x](ftp://a.example)',
    '5: the link to "ftp://a.example" leads nowhere. Write https://…, http://…, #heading, or a chapter\'s file such as 05-etcd.md#heading.',
  ],
];

test.each(cases)('%s is told with file and line, and what to do', async (_name, body, problem) => {
  expect(await problemsOf(await folder({ '01-a.md': frontMatter + body }))).toEqual([`content/01-a.md:${problem}`]);
});

const frontMatterCases: [name: string, text: string, problem: string][] = [
  [
    'no front matter',
    'text',
    '1: the chapter has no front matter. Begin the file with a line "---", then title: and summary:, then a line "---".',
  ],
  [
    'front matter without an end',
    '---\ntitle: x\n',
    '1: the chapter has no front matter. Begin the file with a line "---", then title: and summary:, then a line "---".',
  ],
  [
    'front matter in a language of its own',
    '---js\n({})\n---\n',
    '1: the chapter has no front matter. Begin the file with a line "---", then title: and summary:, then a line "---".',
  ],
  [
    'an unknown field',
    '---\ntitle: T\nsummary: S\nminuts: 3\n---\n',
    '4: the front matter has the unknown field "minuts". It takes title, summary, minutes, focus and requires.',
  ],
  ['a missing field', '---\ntitle: T\n---\n', '1: the front matter needs "summary" to be a sentence or two, at most 400 characters.'],
  [
    'a bad number',
    '---\ntitle: T\nsummary: S\nminutes: many\n---\n',
    '4: the front matter needs "minutes" to be a whole number from 1 to 240.',
  ],
  [
    'an unknown focus',
    '---\ntitle: T\nsummary: S\nfocus: moon\n---\n',
    '4: the front matter needs "focus" to be machine, container, server, vagrant, etcd, fleetctl or systemd.',
  ],
  [
    'a list instead of fields',
    '---\n- a\n---\n',
    '2: the front matter is not a list of fields. Write one "name: value" a line, such as "title: Vagrant".',
  ],
  ['broken YAML', '---\ntitle: T\nsummary: a: b\n---\n', '3: the front matter is not valid YAML: '],
  [
    'a field that stands twice',
    '---\ntitle: T\ntitle: U\nsummary: S\n---\n',
    '3: the front matter is not valid YAML: duplicated mapping key. ',
  ],
  [
    'YAML that nests without end',
    `---\ntitle: ${'['.repeat(10_000)}\n---\n`,
    '2: the front matter is not valid YAML: nesting exceeded maxDepth (100). ',
  ],
];

test.each(frontMatterCases)('%s is told with file and line, and what to do', async (_name, text, problem) => {
  const problems = await problemsOf(await folder({ '01-a.md': text }));
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain(`content/01-a.md:${problem}`);
});

test('all problems of all chapters are told at once, in their order', async () => {
  const problems = await problemsOf(await folder({ '01-a.md': `${frontMatter}{{x}}\n\n# H\n`, '02-b.md': 'none' }));
  expect(problems.map((problem) => problem.split(': ')[0])).toEqual(['content/01-a.md:5', 'content/01-a.md:7', 'content/02-b.md:1']);
});

test.each([
  [
    'Notes.md',
    'content/Notes.md:1: the name does not say where the chapter stands. Call it NN-slug.md, with two digits and small letters, such as 03-tools.md.',
  ],
  ['01-b.md', 'content/01-b.md:1: "01" is taken by content/01-a.md. Rename one of them.'],
  ['02-a.md', 'content/02-a.md:1: "a" is taken by content/01-a.md. Rename one of them.'],
])('a file called %s is told', async (name, problem) => {
  expect(await problemsOf(await folder({ '01-a.md': frontMatter, [name]: frontMatter }))).toEqual([problem]);
});

test('a chapter is at most 256 KiB', async () => {
  const text = frontMatter + 'x'.repeat(256 * 1024);
  expect(await problemsOf(await folder({ '01-a.md': text }))).toEqual([
    `content/01-a.md:1: the file has ${text.length} bytes; a chapter has at most 262144. Split it into two chapters.`,
  ]);
});

test('a chapter that is not UTF-8 is told', async () => {
  expect(await problemsOf(await folder({ '01-a.md': Buffer.from([0xff, 0xfe, 0x00]) }))).toEqual([
    'content/01-a.md:1: the file is not UTF-8 text. Save it as UTF-8.',
  ]);
});

test('neither links nor pipes nor folders are read as chapters', async () => {
  const directory = await folder({ '../outside.md': frontMatter, '04-real.md': frontMatter });
  await symlink('../outside.md', join(directory, '01-link.md'));
  await mkdir(join(directory, '02-folder.md'));
  execFileSync('mkfifo', [join(directory, '03-pipe.md')]);
  expect(await problemsOf(directory)).toEqual([
    'content/01-link.md:1: this is a symbolic link. Put the chapter itself here.',
    'content/02-folder.md:1: this is not a regular file. Put the chapter itself here.',
    'content/03-pipe.md:1: this is not a regular file. Put the chapter itself here.',
  ]);
});

test('a folder that is empty or missing is told', async () => {
  const directory = await folder({});
  expect(await problemsOf(directory)).toEqual(['content:1: the folder has no chapters. Add one, such as 01-introduction.md.']);
  expect(await problemsOf(join(directory, 'none'))).toEqual([
    `Cannot read the content folder ${join(directory, 'none')}. Check that it exists and that you may read it.`,
  ]);
});

test('a regular expression of a sample that cannot be read is told with its line', async () => {
  const sample = '```expect for=a\nfine\n/^\\d+ files$/\n/^(unclosed$/\n```\n';
  expect(await problemsOf(await folder({ '01-a.md': `${frontMatter}\n${step('a')}\n${sample}` }))).toEqual([
    expect.stringMatching(
      /01-a\.md:13: the regular expression \/\^\(unclosed\$\/ cannot be read: .*\. Correct it, or write … for what varies\.$/,
    ),
  ]);
});
