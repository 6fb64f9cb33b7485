/** vagrant's command line: options anywhere, machine names, and what stands behind `--`. */
import { VagrantError } from './project.ts';

export interface ParsedArguments {
  /** Without their dashes; an option that takes a value has it, the others are true, `--no-x` makes `x` false. */
  options: Map<string, string | boolean>;
  names: string[];
  /** What stands behind `--`. */
  rest: string[];
}

export interface OptionSpec {
  /** Every spelling, without dashes; the first one is the name. */
  spellings: string[];
  value?: boolean;
}

/** Throws VagrantError for an option that the command does not have. */
export function parseArguments(args: string[], specs: OptionSpec[], usage: string): ParsedArguments {
  const parsed: ParsedArguments = { options: new Map(), names: [], rest: [] };
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index]!;
    if (arg === '--') {
      parsed.rest = args.slice(index + 1);
      break;
    }
    if (!arg.startsWith('-') || arg === '-') {
      parsed.names.push(arg);
      continue;
    }
    const [, spelling = '', inline] = /^--?([^=]+)(?:=(.*))?$/s.exec(arg) ?? [];
    const negated = spelling.startsWith('no-') ? spelling.slice(3) : null;
    const spec = specs.find(({ spellings }) => spellings.includes(spelling) || (negated !== null && spellings.includes(negated)));
    if (!spec) throw new VagrantError(`An invalid option was specified. The help for this command\nis available below.\n\n${usage}`);
    const name = spec.spellings[0]!;
    if (!spec.value) parsed.options.set(name, !(negated !== null && spec.spellings.includes(negated)));
    else {
      if (inline === undefined) index += 1;
      const value = inline ?? args[index];
      if (value === undefined) throw new VagrantError(`The option ${arg} needs a value.\n\n${usage}`);
      parsed.options.set(name, value);
    }
  }
  return parsed;
}
