import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The computer's own programs that the walkthrough uses, and the package that brings each on Debian and Ubuntu. */
const needed = [
  { program: 'bash', package: 'bash', use: 'the terminals' },
  { program: 'git', package: 'git', use: '`git clone`' },
  { program: 'ssh', package: 'openssh-client', use: '`vagrant ssh`' },
  { program: 'ssh-agent', package: 'openssh-client', use: 'fleetctl’s tunnel' },
  { program: 'ssh-add', package: 'openssh-client', use: 'fleetctl’s tunnel' },
  { program: 'curl', package: 'curl', use: 'the discovery step' },
];

export interface MissingTool {
  program: string;
  /** What does not work without it, and what to do. */
  advice: string;
}

/** The tools of the walkthrough that are not on `path` (a PATH variable's value). */
export function missingTools(path: string): MissingTool[] {
  return needed
    .filter(({ program }) => !findProgram(program, path))
    .map(({ program, package: name, use }) => ({
      program,
      advice: `${program} is missing, and ${use} will not work without it: install it (on Debian or Ubuntu: apt-get install ${name}) and start again.`,
    }));
}

/** The first executable file of that name on `path`, or undefined. */
export function findProgram(program: string, path: string): string | undefined {
  return path
    .split(delimiter)
    .map((directory) => join(directory, program))
    .find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
