import { expect, test } from 'vitest';
import { readSettings, workspaceMark } from './settings.ts';

function read(argv: string[], environment: Record<string, string | undefined> = {}) {
  return readSettings('/project', '/project/.build', argv, environment);
}

test('options win over the environment, which wins over the defaults', () => {
  expect(read([]).port).toBe(3000);
  expect(read([], { PORT: '4000' }).port).toBe(4000);
  expect(read(['--port', '5000'], { PORT: '4000' }).port).toBe(5000);
  expect(read(['--workspace', '/one'], { WORKSPACE: '/two' }).workspace).toBe('/one');
  expect(read([], { WORKSPACE: '/two' }).workspace).toBe('/two');
  if (process.platform === 'linux') expect(read([], { XDG_DATA_HOME: '/data' }).workspace).toBe('/data/coreos-reflector');
});

test.each(['http', '-1', '65536', '3000.5', ''])('the port "%s" is refused with what is possible', (port) => {
  expect(() => read([`--port=${port}`])).toThrow(
    `The port "${port}" is not a number from 0 to 65535: use --port 3000, say, or --port 0 for any free one.`,
  );
});

test('an unknown option is named together with the known ones', () => {
  expect(() => read(['--prot', '3000'])).toThrow("Unknown option '--prot'. Options are --port NUMBER and --workspace DIR.");
});

test('only harmless variables reach the learner’s shells', () => {
  const { inherited } = read([], { PATH: '/bin', LANG: 'C.UTF-8', NPM_TOKEN: 'secret', SSH_AUTH_SOCK: '/mine' });
  expect(inherited).toEqual({ PATH: '/bin', LANG: 'C.UTF-8' });
});

test('a workspace’s mark is short and its own', () => {
  expect(workspaceMark('/one')).toMatch(/^[0-9a-f]{12}$/);
  expect(workspaceMark('/one')).not.toBe(workspaceMark('/two'));
});
