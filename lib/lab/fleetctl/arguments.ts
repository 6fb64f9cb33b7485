// Reads fleetctl's command line, with every spelling that any version accepts: `--follow`, `-follow=true`, `-f`.
import { commands, type Flag, globalFlags } from './flags.ts';

export interface Arguments {
  /** Null when none is given. */
  command: string | null;
  words: string[];
  text(flag: string): string;
  number(flag: string): number;
  has(flag: string): boolean;
  /** Given on the command line or in the environment, not a default. */
  isSet(flag: string): boolean;
}

/** A mistake in the flags; `command` is the one whose usage helps. */
export class FlagError extends Error {
  readonly command: string | null;
  constructor(message: string, command: string | null) {
    super(message);
    this.command = command;
  }
}

type Value = string | boolean | number;

export function readArguments(argv: string[], environment: Record<string, string | undefined>): Arguments {
  const given = new Map<string, Value>();
  const words: string[] = [];
  let command: string | null = null;
  // Flags of a command may stand before it, so until the command is known any command's flag is taken.
  const early: [flag: Flag, argument: string][] = [];

  for (let index = 0; index < argv.length; index += 1) {
    const argument = argv[index]!;
    if (argument === '--' || isRawFrom(command, words)) {
      words.push(...argv.slice(argument === '--' ? index + 1 : index));
      break;
    }
    if (!argument.startsWith('-') || argument === '-') {
      if (command === null) command = argument;
      else words.push(argument);
      continue;
    }
    const [name, attached] = splitFlag(argument);
    const flag = findFlag(name, command);
    if (flag === undefined) throw new FlagError(unknownFlag(argument, name), command);
    if (command === null) early.push([flag, argument]);
    if (flag.kind === 'boolean') given.set(flag.name, readBoolean(attached ?? 'true', flag, command));
    else {
      if (attached === undefined) index += 1;
      const value = attached ?? argv[index];
      if (value === undefined) throw new FlagError(`flag needs an argument: ${argument}`, command);
      given.set(flag.name, flag.kind === 'number' ? readNumber(value, flag, command) : value);
    }
  }
  for (const [flag, argument] of early) {
    if (command !== null && !flagsOf(command).includes(flag)) throw new FlagError(unknownFlag(argument, flag.name), command);
  }

  const flags = command === null ? globalFlags : flagsOf(command);
  for (const flag of globalFlags) {
    const variable = environment[`FLEETCTL_${flag.name.toUpperCase().replaceAll('-', '_')}`];
    if (variable && !given.has(flag.name)) given.set(flag.name, readVariable(variable, flag, command));
  }
  const value = (name: string): Value | undefined => given.get(name) ?? flags.find((flag) => flag.name === name)?.value;
  return {
    command,
    words,
    text: (name) => String(value(name) ?? ''),
    number: (name) => Number(value(name) ?? 0),
    has: (name) => value(name) === true,
    isSet: (name) => given.has(name),
  };
}

/** `fleetctl ssh NAME` takes everything after the name as the remote command, flags included; a `--` between them is no part of it. */
function isRawFrom(command: string | null, words: string[]): boolean {
  return command === 'ssh' && words.length > 0;
}

function splitFlag(argument: string): [name: string, value: string | undefined] {
  const body = argument.replace(/^--?/, '');
  const equals = body.indexOf('=');
  return equals < 0 ? [body, undefined] : [body.slice(0, equals), body.slice(equals + 1)];
}

function flagsOf(command: string): Flag[] {
  return [...globalFlags, ...(commands[command]?.flags ?? [])];
}

function findFlag(name: string, command: string | null): Flag | undefined {
  const flags = command === null ? [...globalFlags, ...Object.values(commands).flatMap((one) => one.flags)] : flagsOf(command);
  return flags.find((flag) => flag.name === name) ?? flags.find((flag) => flag.letter === name);
}

function unknownFlag(argument: string, name: string): string {
  return argument.startsWith('--') ? `unknown flag: --${name}` : `unknown shorthand flag: '${name[0] ?? ''}' in ${argument}`;
}

function readVariable(value: string, flag: Flag, command: string | null): Value {
  if (flag.kind === 'boolean') return readBoolean(value, flag, command);
  return flag.kind === 'number' ? readNumber(value, flag, command) : value;
}

function readBoolean(value: string, flag: Flag, command: string | null): boolean {
  if (/^(?:1|t|T|TRUE|true|True)$/.test(value)) return true;
  if (/^(?:0|f|F|FALSE|false|False)$/.test(value)) return false;
  throw new FlagError(
    `invalid argument ${JSON.stringify(value)} for --${flag.name}: strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`,
    command,
  );
}

function readNumber(value: string, flag: Flag, command: string | null): number {
  const seconds = flag.name.endsWith('-timeout');
  const valid = seconds ? /^\d+(?:\.\d+)?$/ : /^-?\d+$/;
  if (valid.test(value)) return Number(value);
  const parser = seconds ? 'ParseFloat' : 'ParseInt';
  throw new FlagError(
    `invalid argument ${JSON.stringify(value)} for --${flag.name}: strconv.${parser}: parsing ${JSON.stringify(value)}: invalid syntax`,
    command,
  );
}
