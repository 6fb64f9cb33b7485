import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

/** Which layers a layer may import; the table of the README. */
const mayImport: Record<string, string[]> = {
  'lib/shared': [],
  'lib/content': ['lib/shared'],
  'lib/client': ['lib/shared'],
  'lib/terminal': ['lib/shared'],
  'lib/tutorial': ['lib/shared', 'lib/content', 'lib/terminal'],
  'lib/cluster': ['lib/shared'],
  'lib/lab': ['lib/shared', 'lib/terminal', 'lib/cluster'],
  'lib/doctor': ['lib/shared'],
  'lib/server': ['lib/shared', 'lib/content', 'lib/terminal', 'lib/tutorial', 'lib/cluster', 'lib/lab', 'lib/doctor'],
  'lib/bench': [
    'lib/shared',
    'lib/client',
    'lib/content',
    'lib/terminal',
    'lib/tutorial',
    'lib/cluster',
    'lib/lab',
    'lib/doctor',
    'lib/server',
  ],
  components: ['lib/shared', 'lib/client'],
  app: ['components', 'lib/shared', 'lib/content', 'lib/server/bridge.ts'],
  reflector: [],
  coreos: [],
  content: [],
};

const root = fileURLToPath(new URL('../..', import.meta.url));
const specifier = /(?:^|[\s;}])(?:import|export)\s(?:[^'";]*?\sfrom\s)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/g;

for (const [layer, allowed] of Object.entries(mayImport)) {
  test(`${layer} imports only ${allowed.join(', ') || 'itself'}`, () => {
    const strays = sourcesOf(layer).flatMap((file) =>
      ownImportsOf(file)
        .filter((target) => ![layer, ...allowed].some((place) => target === place || target.startsWith(`${place}/`)))
        .map((target) => `${file} → ${target}`),
    );
    expect(strays).toEqual([]);
  });
}

test('every folder of the sources has its line in the table', () => {
  const folders = readdirSync(join(root, 'lib'), { withFileTypes: true }).filter(
    (entry) => entry.isDirectory() && entry.name !== 'testing',
  );
  expect(folders.map(({ name }) => `lib/${name}`).filter((name) => !(name in mayImport))).toEqual([]);
});

test('only components/terminal imports the terminal emulator', () => {
  const users = ['app', 'components', 'lib']
    .flatMap(sourcesOf)
    .filter((file) => /['"]@xterm\/(?!headless)/.test(readFileSync(join(root, file), 'utf8')));
  expect(users.filter((file) => !file.startsWith('components/terminal/') && !file.startsWith('lib/testing/'))).toEqual([]);
});

function sourcesOf(layer: string): string[] {
  return readdirSync(join(root, layer), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|tsx|js|mjs)$/.test(entry.name) && !/\.test\.tsx?$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

/** The project's own files that a file imports, as paths from the root. */
function ownImportsOf(file: string): string[] {
  const found = [...readFileSync(join(root, file), 'utf8').matchAll(specifier)].map((match) => (match[1] ?? match[2]) as string);
  return found.flatMap((target) => {
    if (target.startsWith('#')) return [target.replace(/^#/, '')];
    return target.startsWith('.') ? [relative(root, resolve(root, dirname(file), target))] : [];
  });
}
