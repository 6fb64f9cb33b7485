// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${X} is the syntax of unit files here
import { expect, test } from 'vitest';
import { expandArguments, parseCommandLine } from './command-line.ts';
import { IgnoredLine } from './words.ts';

const environment = { IP: '172.17.8.101', MULTI: 'two words', QUOTED: '"one word" two', EMPTY: '', LONE: "it's" };
const keep = (word: string) => word;

function argumentsOf(line: string): string[] {
  const [command] = parseCommandLine(`/bin/x ${line}`, keep).commands;
  return expandArguments(command!, environment);
}

test.each([
  ['${IP} $IP', ['172.17.8.101', '172.17.8.101']],
  ['${MULTI}', ['two words']],
  ['$MULTI', ['two', 'words']],
  ['$QUOTED', ['one word', 'two']],
  ['$LONE', ["it's"]],
  ['x${IP}y', ['x172.17.8.101y']],
  ['x$IPy', ['x$IPy']],
  ['a$UNSET', ['a$UNSET']],
  ['$UNSET', []],
  ['$EMPTY', []],
  ['${UNSET}', ['']],
  ['${EMPTY}', ['']],
  ['$$IP', ['$IP']],
  ['a$$b$${IP}', ['a$b${IP}']],
  ['${IP', ['${IP']],
  ['$', ['$']],
  ['${toString}', ['']],
  ['"Public IP: ${IP}"', ['Public IP: 172.17.8.101']],
  ["'Public IP: ${IP}'", ['Public IP: 172.17.8.101']],
  ['"esc \\"q\\" \\x41 \\t"', ['esc "q" A \t']],
  ['"\\n\\s\\101\\u00e9\\\\"', ['\n Aé\\']],
  ['a\\ b', ['a\\ b']],
  ['pre"mid dle"post', ['premid dlepost']],
  ['""', ['']],
  ['* | > && ~', ['*', '|', '>', '&&', '~']],
  ['\\;', [';']],
  ['";"', [';']],
  ['a;b', ['a;b']],
])('%s is received as %j', (written, received) => {
  expect(argumentsOf(written)).toEqual(received);
});

test('a semicolon as a word of its own separates commands, each with its own prefix', () => {
  const { commands } = parseCommandLine('/bin/a 1 ; -/bin/b 2 ;', keep);
  expect(commands.map(({ path, arguments: rest, ignoreFailure }) => [path, rest, ignoreFailure])).toEqual([
    ['/bin/a', ['1'], false],
    ['/bin/b', ['2'], true],
  ]);
});

test.each([
  ['/bin/a b', { path: '/bin/a', name: '/bin/a', arguments: ['b'], ignoreFailure: false, expand: true }],
  ['-/bin/a', { path: '/bin/a', name: '/bin/a', arguments: [], ignoreFailure: true, expand: true }],
  ['@/bin/a zero one', { path: '/bin/a', name: 'zero', arguments: ['one'], ignoreFailure: false, expand: true }],
  ['-@/bin/a zero', { path: '/bin/a', name: 'zero', arguments: [], ignoreFailure: true, expand: true }],
  ['+/bin/a', { path: '/bin/a', ignoreFailure: false }],
  ['!!/bin/a', { path: '/bin/a', ignoreFailure: false }],
  [':-/bin/a $IP', { path: '/bin/a', arguments: ['$IP'], ignoreFailure: true, expand: false }],
  ['"/bin/with space" x', { path: '/bin/with space', arguments: ['x'] }],
])('%s', (written, expected) => {
  expect(parseCommandLine(written, keep).commands).toEqual([expect.objectContaining(expected)]);
});

test('a command without expansion keeps its dollar signs', () => {
  const [command] = parseCommandLine(':/bin/a ${IP} $IP $$', keep).commands;
  expect(expandArguments(command!, environment)).toEqual(['${IP}', '$IP', '$$']);
});

test('specifiers are replaced in every word', () => {
  const [command] = parseCommandLine('/bin/%i "a %i"', (word) => word.replace('%i', 'one')).commands;
  expect(command).toMatchObject({ path: '/bin/one', arguments: ['a one'], written: '/bin/%i "a %i"' });
});

test.each([
  ['"/bin/a b', 'Unbalanced quoting, ignoring: ""/bin/a b"'],
  ['-/bin/a "b', 'Unbalanced quoting, ignoring: "-/bin/a "b"'],
  ['-', "Empty path in command line, ignoring: '-'"],
  ['true', 'Executable path is not absolute, ignoring: true'],
  ['/bin/', 'Executable path specifies a directory, ignoring: /bin/'],
])('%s is skipped with a reason', (written, message) => {
  expect(() => parseCommandLine(written, keep)).toThrow(new IgnoredLine(message));
});

test('a quote that is not closed after the program’s name spoils the unit', () => {
  expect(() => parseCommandLine('/bin/a "b', keep)).toThrow('Unbalanced quoting: "/bin/a "b"');
  expect(() => parseCommandLine('/bin/a "b', keep)).not.toThrow(IgnoredLine);
});

test('an escape sequence that nobody knows is kept, with a warning', () => {
  expect(parseCommandLine('/bin/a \\q', keep)).toMatchObject({
    commands: [{ arguments: ['\\q'] }],
    warnings: ['Ignoring unknown escape sequences: "\\q"'],
  });
});
