import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { bashRc, restoreScript, stepScript } from './bash-rc.ts';

/** What bash 3.2, which macOS has, does not know. Each with the version that brought it. */
const newer: [construct: RegExp, since: string][] = [
  [/\bdeclare\s+-[a-zA-Z]*[Agnul]|\b(typeset|local)\s+-[a-zA-Z]*[Agnul]/, '4.0 (associative and global variables, references, case)'],
  [/\b(mapfile|readarray|coproc)\b/, '4.0'],
  [/&>>|\|&|;&|;;&/, '4.0'],
  [/\$\{\w+(\[[^\]]*\])?(\^|,)/, '4.0 (case of a value)'],
  [/\$\{[^}]*@[A-Za-z]\}/, '4.4 (transformations)'],
  [/\bshopt -s (autocd|checkjobs|dirspell|globstar|lastpipe|inherit_errexit|localvar_\w+)/, '4.0'],
  [/\$?\b(BASHPID|EPOCHSECONDS|EPOCHREALTIME|SRANDOM|PROMPT_DIRTRIM)\b/, '4.0'],
  [/\bread\b[^\n;]*-(t 0?\.|N|i)/, '4.0'],
  [/printf[^\n;]*%\(/, '4.2 (times)'],
  [/\[\[?\s+-v\b|\[\[.*\s-R\s/, '4.2 (set variables)'],
  [/\bwait -[np]|\blocal -\s/, '4.3'],
  [/\$\{\w+:\s*-\d|\$\{\w+:\d+:-/, '4.2 (negative lengths)'],
  [/\\u[0-9a-fA-F]{4}/, '4.2'],
  [/\{\w+\}[<>]/, '4.1 (descriptors by name)'],
];
const scripts = {
  'the start-up file': bashRc('/run', 'nonce'),
  'the file for a bash that runs already': bashRc('/run', 'nonce', { adopted: true, startHook: 'debug-trap' }),
  'the file that runs a step': stepScript,
  'the file that restores the shell': restoreScript,
};

test.each(Object.entries(scripts))('%s has nothing that bash 3.2 does not know', (_name, script) => {
  expect(newer.filter(([construct]) => construct.test(script)).map(([construct, since]) => `${construct} is of ${since}`)).toEqual([]);
});

test.each(Object.entries(scripts))('%s parses', (_name, script) => {
  expect(execFileSync('bash', ['-n'], { input: script, encoding: 'utf8' })).toBe('');
});

test('the list of newer constructs finds them', () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: bash's, not ours
  for (const script of ['declare -A a', 'echo ${a^^}', 'a |& b', 'read -t 0.1 x', 'echo ${PS1@P}', 'mapfile a', 'exec {fd}>x'])
    expect(
      newer.some(([construct]) => construct.test(script)),
      script,
    ).toBe(true);
});
