// A machine for tests: its directory, a journal, a unit manager, and programs that are scripts written by the test.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { type Journal, openJournal } from '#lib/lab/journal/journal.ts';
import type { MachineFacts } from '#lib/lab/machine.ts';
import { type RunningUnitManager, startUnitManager } from './manager.ts';
import type { UnitState } from './unit-manager.ts';

export interface TestMachine {
  facts: MachineFacts;
  journal: Journal;
  manager: RunningUnitManager;
  /** What has been journaled: `identifier: message`, of one unit or of all. */
  messages(unit?: string): Promise<string[]>;
  /** Resolves with the unit's state once it has this sub state. */
  reaches(name: string, sub: string): Promise<UnitState>;
}

/** `programs` maps paths inside the machine, such as `/usr/bin/docker`, to the text of a shell script. */
export async function startTestMachine(programs: Record<string, string> = {}): Promise<TestMachine> {
  const root = mkdtempSync(join(tmpdir(), 'lab-'));
  const tools = join(root, 'tools');
  const run = join(root, 'run');
  const directory = join(root, 'core-01');
  for (const path of [tools, run, join(directory, 'etc')]) mkdirSync(path, { recursive: true });
  writeFileSync(join(directory, 'etc/environment'), 'COREOS_PUBLIC_IPV4=172.17.8.101\nCOREOS_PRIVATE_IPV4=172.17.8.101\n');
  for (const [path, script] of Object.entries(programs)) {
    writeFileSync(join(tools, basename(path)), `#!/bin/sh\n${script}`, { mode: 0o755 });
  }
  const facts: MachineFacts = {
    name: 'core-01',
    id: '4c389e87'.repeat(4),
    bootId: 'b007b007'.repeat(4),
    address: '172.17.8.101',
    directory,
    run,
    environment: {
      PATH: `${tools}:/usr/bin:/bin`,
      HOME: join(directory, 'home/core'),
      USER: 'core',
      LANG: 'C.UTF-8',
      COREOS_MACHINE: run,
      TEST_DIR: root,
    },
    resolve(path) {
      if (Object.hasOwn(programs, path)) return join(tools, basename(path));
      return path.startsWith('/etc/') ? join(directory, path) : path;
    },
  };
  const journal = await openJournal({ directory: join(directory, 'var/log/journal'), hostname: facts.name, bootId: facts.bootId });
  const manager = await startUnitManager({
    machine: facts,
    journal,
    builtin: [{ name: 'docker.service', description: 'Docker Application Container Engine' }],
  });
  onTestFinished(async () => {
    await manager.close();
    journal.close();
    rmSync(root, { recursive: true, force: true });
  });
  return {
    facts,
    journal,
    manager,
    async messages(unit) {
      const { entries } = await journal.query(unit === undefined ? {} : { unit });
      return entries.map(({ identifier, message }) => `${identifier}: ${message}`);
    },
    reaches: (name, sub) =>
      new Promise((resolve) => {
        const look = (state: UnitState | undefined) => {
          if (state?.name !== name || state.sub !== sub) return false;
          stop();
          resolve(state);
          return true;
        };
        const stop = manager.onState(look);
        look(manager.states().find((state) => state.name === name));
      }),
  };
}

/** Looks until the expectation holds; ten seconds, because a busy computer may take its time to start a process. */
export function eventually<Value>(look: () => Value) {
  return expect.poll(look);
}
