import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type ConfigError, machineNames, parseConfigRb } from './config-rb.ts';
import { parseAssignments } from './ruby-literals.ts';

test('the tutorial’s own config.rb asks for one machine of the stable channel', () => {
  const source = readFileSync(new URL('../../../coreos/config.rb', import.meta.url), 'utf8');
  const config = parseConfigRb('config.rb', source);
  expect(config).toEqual({ instances: 1, channel: 'stable', namePrefix: 'core', exposeDockerTcp: null, notices: [] });
  expect(machineNames({ ...config, instances: 3 })).toEqual(['core-01', 'core-02', 'core-03']);
});

test('without a file the Vagrantfile’s defaults hold, and NUM_INSTANCES counts only where the file is silent', () => {
  expect(parseConfigRb('config.rb', null)).toMatchObject({ instances: 1, channel: 'alpha' });
  expect(parseConfigRb('config.rb', null, { NUM_INSTANCES: '3' }).instances).toBe(3);
  expect(parseConfigRb('config.rb', '$num_instances = 2', { NUM_INSTANCES: '3' }).instances).toBe(2);
  expect(parseConfigRb('config.rb', null, { NUM_INSTANCES: 'many' }).instances).toBe(1);
});

test('the last assignment counts, and nil means the default', () => {
  expect(parseConfigRb('config.rb', '$num_instances=1; $num_instances = 3 # three').instances).toBe(3);
  expect(parseConfigRb('config.rb', '$num_instances = nil').instances).toBe(1);
});

test('what is set in vain is told with its line, what is set to nothing is not', () => {
  const source = '$num_instances=1\n$vb_memory = 2048\n$vb_gui = false\n$forwarded_ports = {80 => 8080}\n$num_instance = 3\n';
  expect(parseConfigRb('config.rb', source).notices.map(({ line, message }) => `${line}: ${message}`)).toEqual([
    '2: $vb_memory has no effect: the lab’s machines are not virtual ones and share this computer’s memory and processors.',
    '4: $forwarded_ports has no effect: the lab forwards SSH, and Docker’s API by $expose_docker_tcp; an SSH tunnel reaches the rest.',
    '5: $num_instance is not a setting of coreos-vagrant, and has no effect.',
  ]);
});

test('literals of every kind are read, over several lines too', () => {
  const source = [
    '=begin',
    'open("http://evil")',
    '=end',
    '$a = 1_000; $b = -2.5',
    "$c = 'it''s'".replace("''", "\\'"),
    '$d = "tab\\there" # comment',
    '$e = [1, "two",',
    '  :three, nil, true] ',
    '$f = { 80 => 8080, "x" => [], key: { deep: false, }, }',
    '$g =',
    '  3',
    '__END__',
    'system("rm")',
  ].join('\n');
  expect(parseAssignments(source)).toEqual([
    { name: '$a', value: 1000, line: 4 },
    { name: '$b', value: -2.5, line: 4 },
    { name: '$c', value: "it's", line: 5 },
    { name: '$d', value: 'tab\there', line: 6 },
    { name: '$e', value: [1, 'two', 'three', null, true], line: 7 },
    {
      name: '$f',
      value: new Map<unknown, unknown>([
        [80, 8080],
        ['x', []],
        ['key', new Map([['deep', false]])],
      ]),
      line: 9,
    },
    { name: '$g', value: 3, line: 10 },
  ]);
});

test.each([
  ['\n\nif true\nend', 3, /^`if true` is not understood\. The lab reads config\.rb without running Ruby\. It understands/],
  ['$token = open($url).read', 1, /^`open\(\$url\)\.read` is not a literal\./],
  ['$num_instances = 1 + 2', 1, /^after the value of \$num_instances stands `\+ 2`/],
  ['$url = "size=#{$num_instances}"', 1, /has something to work out inside/],
  ['$a = [1\n2]', 2, /^a comma or the end of the list is missing before `2\]`/],
  ["$a = 'open", 1, /is not a literal/],
  ['$a == 2', 1, /nothing is assigned/],
  ['$num_instances = 0', 1, /^\$num_instances must be a whole number from 1 to 9\.$/],
  ["$num_instances = '1'", 1, /must be a whole number/],
  ["\n$update_channel = 'gamma'", 2, /^\$update_channel must be 'alpha', 'beta' or 'stable'\.$/],
  [`$a = ${'['.repeat(50)}`, 1, /nested more than 20 levels/],
])('%j is refused with its line and what is understood', (source, line, message) => {
  const error = attempt(source);
  expect(error.line).toBe(line);
  expect(error.message).toMatch(message);
});

test('hostile input is refused quickly', () => {
  const started = performance.now();
  for (const source of [
    '['.repeat(50_000),
    `$a = ${'['.repeat(50_000)}`,
    `$a = "${'\\'.repeat(50_001)}`,
    '=begin\n'.repeat(5000),
    `$a = ${'1_'.repeat(20_000)}`,
  ])
    attempt(source);
  expect(performance.now() - started).toBeLessThan(1000);
});

function attempt(source: string): ConfigError {
  try {
    parseConfigRb('config.rb', source);
  } catch (error) {
    return error as ConfigError;
  }
  throw new Error(`${source.slice(0, 40)} was accepted`);
}
