/** How a program gets into a machine's namespaces: the command lines that lead there. */

/** All paths are the machine's own. */
export interface InnerProgram {
  file: string;
  /** argv[0]; the file's path when left out. */
  name?: string;
  args: string[];
  directory: string;
  /** The whole environment. */
  environment: Record<string, string>;
}

export interface Entered {
  file: string;
  args: string[];
  environment: Record<string, string>;
}

/** What would act on the programs that lead into the machine, on this side of it: the loader's and the shells' own variables. */
const outside = /^(?:LD_|GLIBC_|MALLOC_|BASH|SHELLOPTS$|ENV$|GCONV_PATH$|LOCPATH$|NLSPATH$|POSIXLY_CORRECT$|PS[0-4]$|IFS$)/;

/**
 * In a session of its own, so that its process group is one inside the machine too. The process in front waits and ends as the
 * program does, with the same status or by the same signal. That is `timeout` without a time: `nsenter` could wait too, but when
 * its program is stopped it stops itself, and never goes on.
 */
export function enterWithoutTerminal(nsenters: string[], program: InnerProgram, tellNumber: boolean): Entered {
  const wait = ['--no-fork', '/usr/bin/timeout', '--foreground', '0'];
  const script = `${tellNumber ? 'echo $$ >&3; exec 3>&-; ' : ''}cd "$0" && exec "$@"`;
  const begin = ['/usr/bin/setsid', '/bin/sh', '-c', script, program.directory];
  return command([...nsenters, ...wait, ...begin, ...commandOf(program)], program);
}

/**
 * The process in front leads the session and its terminal, and has to outlive the keys that interrupt or stop a program. It
 * catches those signals, because ignoring them would be inherited.
 */
export function enterTerminal(nsenters: string[], program: InnerProgram): Entered {
  const script = 'trap : HUP INT QUIT TERM TSTP; cd "$0" && "$@"; exit $?';
  return command([...nsenters, '--no-fork', '/bin/bash', '-c', script, program.directory, ...commandOf(program)], program);
}

function commandOf({ file, name = file, args, environment }: InnerProgram): string[] {
  const late = Object.entries(environment).filter(([variable]) => outside.test(variable));
  return [
    ...(late.length === 0 ? [] : ['/usr/bin/env', ...late.map(([variable, value]) => `${variable}=${value}`)]),
    ...(name === file ? [] : ['/bin/bash', '-c', 'exec -a "$0" "$@"', name]),
    ...[file, ...args],
  ];
}

function command([file, ...args]: string[], { environment }: InnerProgram): Entered {
  const early = Object.fromEntries(Object.entries(environment).filter(([variable]) => !outside.test(variable)));
  return { file: file!, args, environment: early };
}
