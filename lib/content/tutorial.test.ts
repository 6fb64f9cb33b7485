// Walks the real content/: what loading cannot know of the tutorial's own text.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { Step } from '#lib/shared/chapter.ts';
import { fillText } from './fill-variables.ts';
import { loadContent } from './load-content.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { chapters } = await loadContent(`${root}/content`);
const steps = chapters.flatMap(({ blocks }) => blocks.flatMap((block) => (block.kind === 'step' ? [block.step] : [])));
const listings = chapters.flatMap(({ blocks }) => blocks.flatMap((block) => (block.kind === 'listing' ? [block.text] : [])));
const source = readdirSync(`${root}/content`)
  .map((name) => readFileSync(`${root}/content/${name}`, 'utf8'))
  .join('\n');
const values = { ssh_port: '2222', discovery: 'http://127.0.0.1:8087', address: '172.17.8.101' };

function find(id: string): Step {
  return steps.find((step) => step.id === id) ?? expect.fail(`There is no step "${id}".`);
}

test('the chapters follow the walkthrough from its introduction to cleaning up, and then go beyond it', () => {
  const walkthrough = ['introduction', 'architecture', 'tools', 'vagrant', 'etcd', 'cluster', 'launch', 'cleanup'];
  expect(chapters.map(({ slug }) => slug)).toEqual([...walkthrough, 'three-machines', 'today']);
});

test('step ids are unique in the whole tutorial', () => {
  const ids = steps.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
});

test('every link inside the tutorial leads to a chapter, a heading or a step', () => {
  const anchors = new Map(chapters.map(({ slug, headings, steps: ids }) => [slug, new Set([...headings.map(({ id }) => id), ...ids])]));
  const hrefs = chapters.flatMap(({ slug, blocks }) =>
    blocks.flatMap((block) =>
      'html' in block ? [...block.html.matchAll(/href="([^"]*)"/g)].map(([, href]) => ({ slug, href: href! })) : [],
    ),
  );
  const internal = hrefs.filter(({ href }) => !/^https?:\/\//.test(href));
  expect(internal.length).toBeGreaterThan(5);
  for (const { slug, href } of internal) {
    const [to, id] = href.split('#');
    const there = anchors.get(to || slug);
    expect(there, `${href} in ${slug}`).toBeDefined();
    if (id) expect(there, `${href} in ${slug}`).toContain(id);
  }
});

test.each([
  'git clone https://github.com/pandastrike/coreos-reflector.git',
  'brew install fleetctl',
  'brew install etcd',
  'git clone https://github.com/coreos/coreos-vagrant.git',
  'cd coreos-vagrant',
  'https://discovery.etcd.io/new',
  'vagrant up',
  'vagrant destroy -f',
  'vagrant ssh-config | sed -n "s/IdentityFile//gp" | xargs ssh-add',
  'fleetctl --tunnel 127.0.0.1:{{ssh_port}} start ~/coreos-reflector/reflector.service',
  'fleetctl --tunnel 127.0.0.1:{{ssh_port}} journal -follow=true ~/coreos-reflector/reflector.service',
  'The server is online and listening on Port 80',
])('the walkthrough’s own "%s" is shown', (command) => {
  expect(source).toContain(command);
});

test.each([
  ['clone', 'git clone https://github.com/pandastrike/coreos-reflector.git ~/coreos-reflector'],
  ['clone-vagrant', 'git clone https://github.com/coreos/coreos-vagrant.git ~/coreos-vagrant'],
  ['enter', 'cd ~/coreos-vagrant'],
  ['config', 'cp ~/coreos-reflector/coreos/config.rb ~/coreos-vagrant/'],
  ['user-data', 'cp ~/coreos-reflector/coreos/user-data ~/coreos-vagrant/'],
  ['setup-script', 'cp ~/coreos-reflector/coreos/vagrant-setup ~/coreos-vagrant/'],
  ['cluster-up', 'cd ~/coreos-vagrant && bash vagrant-setup'],
  ['launch', 'fleetctl --tunnel 127.0.0.1:{{ssh_port}} start ~/coreos-reflector/reflector.service'],
  ['journal', 'fleetctl --tunnel 127.0.0.1:{{ssh_port}} journal -follow=true ~/coreos-reflector/reflector.service'],
  ['destroy-cluster', 'cd ~/coreos-vagrant && vagrant destroy -f'],
])('the step "%s" is the walkthrough’s command', (id, command) => {
  expect(find(id).command).toBe(command);
});

test('the commands that explain vagrant-setup are those of vagrant-setup', () => {
  const script = readFileSync(`${root}/coreos/vagrant-setup`, 'utf8');
  const explained = [
    'vagrant up',
    'rm -f "$HOME/.fleetctl/known_hosts"\ntouch "$HOME/.fleetctl/known_hosts"',
    'vagrant ssh-config | sed -n "s/IdentityFile//gp" | xargs ssh-add',
  ];
  for (const command of explained) {
    expect(listings).toContain(command);
    expect(script).toContain(`\n${command}\n`);
  }
});

test('no sample output can be run', () => {
  const samples = steps.flatMap(({ expect: sample }) => sample?.split('\n') ?? []).filter((line) => line.trim() !== '…' && line.trim());
  const runnable = new Set(steps.flatMap(({ command }) => command.split('\n')));
  for (const line of samples) expect(runnable).not.toContain(line);
  // A prompt or another program's message at the start of a line is what pasted output looks like.
  for (const { command } of steps) expect(command).not.toMatch(/^\s*(?:[$#>%] |==>|-- |Unit |Hi there|MACHINE)/m);
});

test.each(steps.map((step) => [step.id, step] as const))(
  'the commands of the step "%s" are whole shell commands',
  (_id, { command, undo, check }) => {
    for (const text of [command, undo, check?.command]) {
      if (text) execFileSync('bash', ['-n'], { input: fillText(text, values), stdio: ['pipe', 'pipe', 'pipe'] });
    }
  },
);

test('every step that changes something has a check', () => {
  const looking = ['hello', 'look-at-files', 'tools', 'vagrant-version', 'look-at-vagrant', 'enter', 'look-at-config', 'look-at-user-data'];
  const lookingToo = [
    'look-at-discovery',
    'read-setup-script',
    'vagrant-status',
    'read-service',
    'whole-journal',
    'list-units',
    'notice-board',
    'by-hand',
    'list-three',
    'read-template',
    'two-units',
    'moved',
  ];
  expect(steps.filter(({ check }) => check === null).map(({ id }) => id)).toEqual([...looking, ...lookingToo]);
});

test('a check never waits for an answer, and says in a sentence what to look at', () => {
  for (const { id, check } of steps) {
    if (!check) continue;
    expect(check.hint, id).toMatch(/[.?]$/);
    if (check.command.includes('fleetctl --tunnel')) expect(check.command, id).toContain(' < /dev/null');
  }
});

test('a step that has no end says what to wait for, and has a terminal of its own', () => {
  const endless = steps.filter(({ timeout }) => timeout === null);
  expect(endless.map(({ id }) => id)).toEqual(['journal']);
  for (const step of endless) expect(step).toMatchObject({ terminal: 'journal', until: expect.stringContaining('online') });
});
