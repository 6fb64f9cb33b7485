// Condition…= and Assert…=: what has to hold before a unit is started.
import { accessSync, constants, lstatSync, readdirSync, type Stats, statSync } from 'node:fs';
import { arch } from 'node:os';
import { basename, dirname } from 'node:path';
import { matchesGlob } from '../fleet/glob.ts';
import { IgnoredLine } from './words.ts';

export interface Check {
  /** As written: `ConditionPathExists`. */
  directive: string;
  /** An assertion that fails, fails the start; a condition only skips it. */
  assert: boolean;
  kind: Kind;
  /** `!`: it must not hold. */
  negate: boolean;
  /** `|`: one of those that have it must hold. */
  trigger: boolean;
  parameter: string;
}

export interface CheckPlace {
  hostname: string;
  machineId: string;
  /** Where a path inside the machine really lies. */
  resolve(path: string): string;
}

type Kind = keyof typeof tests;

const tests = {
  PathExists: (path: string, { resolve }: CheckPlace) => statOf(resolve(path)) !== undefined,
  PathExistsGlob: (path: string, { resolve }: CheckPlace) => globExists(resolve(dirname(path)), basename(path)),
  PathIsDirectory: (path: string, { resolve }: CheckPlace) => statOf(resolve(path))?.isDirectory() ?? false,
  PathIsSymbolicLink: (path: string, { resolve }: CheckPlace) => statOf(resolve(path), lstatSync)?.isSymbolicLink() ?? false,
  PathIsReadWrite: (path: string, { resolve }: CheckPlace) => allows(resolve(path), constants.W_OK),
  DirectoryNotEmpty: (path: string, { resolve }: CheckPlace) => namesIn(resolve(path)).length > 0,
  FileNotEmpty: (path: string, { resolve }: CheckPlace) => isFilled(resolve(path)),
  FileIsExecutable: (path: string, { resolve }: CheckPlace) => isExecutable(resolve(path)),
  Host: (name: string, { hostname, machineId }: CheckPlace) => name === machineId || matchesGlob(name, hostname),
  Architecture: (name: string) => name === architecture,
  // A machine of the lab says that it is what Vagrant would have made.
  Null: (value: string) => isYes(value),
  Virtualization: (name: string) => isYes(name) || name === 'vm' || name === 'oracle',
};

const pathKinds = new Set<Kind>([
  ...(['PathExists', 'PathExistsGlob', 'PathIsDirectory', 'PathIsSymbolicLink', 'PathIsReadWrite'] as const),
  ...(['DirectoryNotEmpty', 'FileNotEmpty', 'FileIsExecutable'] as const),
]);

const architectures: Record<string, string> = { x64: 'x86-64', arm64: 'arm64', arm: 'arm', ia32: 'x86' };
const architecture = architectures[arch()] ?? arch();

/** @param directive `ConditionPathExists`, known to systemd; throws an IgnoredLine when the lab cannot tell whether it holds */
export function readCheck(directive: string, value: string, resolve: (word: string) => string): Check {
  const [, verb, kind] = /^(Condition|Assert)(.*)$/.exec(directive)!;
  const [, trigger, negate, written = ''] = /^(\|?)\s*(!?)\s*(.*)$/s.exec(value)!;
  const parameter = resolve(written);
  const check = { directive, assert: verb === 'Assert', negate: negate !== '', trigger: trigger !== '', parameter };
  if (!isKind(kind!)) throw new IgnoredLine(`${directive}= is not supported in this lab, ignoring: ${value}`);
  if (pathKinds.has(kind) && !parameter.startsWith('/')) throw new IgnoredLine(`Path in condition not absolute, ignoring: ${parameter}`);
  return { ...check, kind };
}

/** Those without `|` must all hold, and of those with it at least one; answers with the one that spoils it, or null. */
export function failedCheck(checks: readonly Check[], place: CheckPlace): Check | null {
  const holds = ({ kind, parameter, negate }: Check) => tests[kind](parameter, place) !== negate;
  const failed = checks.find((check) => !check.trigger && !holds(check));
  if (failed) return failed;
  const triggers = checks.filter(({ trigger }) => trigger);
  return triggers.length > 0 && !triggers.some(holds) ? triggers[0]! : null;
}

/** `ConditionPathExists=!/etc/x`, as it stands in the unit file. */
export function checkText({ directive, trigger, negate, parameter }: Check): string {
  return `${directive}=${trigger ? '|' : ''}${negate ? '!' : ''}${parameter}`;
}

function isYes(text: string): boolean {
  return /^(1|yes|y|true|t|on)$/i.test(text);
}

function isKind(kind: string): kind is Kind {
  return Object.hasOwn(tests, kind);
}

/** Undefined where nothing is, and where we may not look. */
function statOf(path: string, look = statSync): Stats | undefined {
  try {
    return look(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function isFilled(path: string): boolean {
  const stat = statOf(path);
  return (stat?.isFile() && stat.size > 0) ?? false;
}

function isExecutable(path: string): boolean {
  return (statOf(path)?.isFile() ?? false) && allows(path, constants.X_OK);
}

function allows(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

function namesIn(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function globExists(directory: string, pattern: string): boolean {
  return namesIn(directory).some((name) => matchesGlob(pattern, name));
}
