import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { substituteVariables } from './variables.ts';

const values = [
  'https://discovery.etcd.io/0af3',
  'two words',
  "it's",
  '"',
  '$(reboot)',
  '`id`',
  'a\\',
  '; false',
  '*',
  '',
  '\n',
  "'; echo $HOME; '",
];

test.each(values)('the shell gets %j as it is, whatever quotes stand around the variable', (value) => {
  for (const around of ['{{value}}', '"{{value}}"', "'{{value}}'", '"a"\'b\'"{{value}}"']) {
    const filled = substituteVariables(`printf '%s' x${around}`, { value });
    if (!filled.ok) throw new Error(filled.reason);
    const prefix = around.startsWith('"a"') ? 'xab' : 'x';
    expect(execFileSync('bash', ['-c', filled.value], { encoding: 'utf8' })).toBe(prefix + value);
  }
});

test('a harmless value stands in the command as the learner would type it', () => {
  expect(substituteVariables('ssh -p {{ssh_port}} core@{{ host }}', { ssh_port: '2222', host: '127.0.0.1' })).toEqual({
    ok: true,
    value: 'ssh -p 2222 core@127.0.0.1',
  });
});

test('variables that are not known are named', () => {
  expect(substituteVariables('echo {{a}} {{b}} {{a}} {{toString}}', { b: '1' })).toEqual({
    ok: false,
    reason: 'The step needs {{a}} and {{toString}}, which is not known yet. Run the step that provides it first.',
  });
});
