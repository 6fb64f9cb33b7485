// Reads the part of a Dockerfile that needs no program to run: enough for an image of Node and some files.

export interface Dockerfile {
  /** The image named by FROM, such as `node:20-alpine`. */
  base: string;
  steps: DockerfileStep[];
}

export type DockerfileStep = { line: number; text: string } & (
  | { instruction: 'WORKDIR'; path: string }
  | { instruction: 'COPY'; sources: string[]; destination: string }
  | { instruction: 'ENV' | 'LABEL'; pairs: [string, string][] }
  | { instruction: 'EXPOSE'; ports: string[] }
  | { instruction: 'CMD' | 'ENTRYPOINT'; argv: string[] }
);

export function parseDockerfile(text: string): Dockerfile {
  let base = '';
  const steps: DockerfileStep[] = [];
  for (const { line, text: written } of logicalLines(text)) {
    const [, word = '', rest = ''] = /^(\S+)\s*(.*)$/s.exec(written)!;
    const fail = (why: string) => new Error(`Dockerfile, line ${line}: ${why}`);
    const instruction = word.toUpperCase();
    if (rest.includes('$')) throw fail(`variables are not replaced here; write the value instead of ${JSON.stringify(rest)}.`);
    if (instruction !== 'FROM' && !base) throw fail('the first instruction must be FROM.');
    switch (instruction) {
      case 'FROM':
        if (base || !/^\S+$/.test(rest)) throw fail('one FROM with one image is expected.');
        base = rest;
        break;
      case 'WORKDIR':
        if (!rest.startsWith('/')) throw fail('WORKDIR needs an absolute path.');
        steps.push({ line, text: written, instruction, path: rest });
        break;
      case 'COPY': {
        const words = rest.split(/\s+/);
        const destination = words.pop() ?? '';
        if (words.length === 0 || rest.startsWith('[') || rest.startsWith('--'))
          throw fail('write COPY SOURCE… DESTINATION, without options.');
        if (words.length > 1 && !destination.endsWith('/')) throw fail('with several sources, the destination must end in "/".');
        steps.push({ line, text: written, instruction, sources: words, destination });
        break;
      }
      case 'ENV':
      case 'LABEL':
        steps.push({ line, text: written, instruction, pairs: parsePairs(rest, fail) });
        break;
      case 'EXPOSE': {
        const ports = rest.split(/\s+/).map((port) => (/^\d+$/.test(port) ? `${port}/tcp` : port));
        if (!ports.every((port) => /^\d{1,5}\/tcp$/.test(port))) throw fail('EXPOSE needs TCP port numbers.');
        steps.push({ line, text: written, instruction, ports });
        break;
      }
      case 'CMD':
      case 'ENTRYPOINT':
        steps.push({ line, text: written, instruction, argv: parseArgv(rest, fail) });
        break;
      default:
        throw fail(
          `${instruction} is not offered by the tutorial's own builder. Build this image with a real Docker Engine: docker build .`,
        );
    }
  }
  if (!base) throw new Error('The Dockerfile is empty; it must start with FROM.');
  return { base, steps };
}

/** Instructions with the lines that a trailing backslash joins; comments and blank lines are gone. */
function logicalLines(text: string): { line: number; text: string }[] {
  const found: { line: number; text: string }[] = [];
  let open: { line: number; text: string } | null = null;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const trimmed = raw.trim();
    if (!trimmed || trimmed.startsWith('#')) continue;
    const continues = trimmed.endsWith('\\');
    const part = continues ? trimmed.slice(0, -1).trimEnd() : trimmed;
    open = open ? { line: open.line, text: `${open.text} ${part}` } : { line: index + 1, text: part };
    if (continues) continue;
    found.push(open);
    open = null;
  }
  if (open) found.push(open);
  return found;
}

function parsePairs(rest: string, fail: (why: string) => Error): [string, string][] {
  const pairs: [string, string][] = [];
  const pair = /\s*([\w.-]+)=(?:"([^"\\]*)"|([^\s"'\\]*))(?=\s|$)/y;
  while (pair.lastIndex < rest.length) {
    const match = pair.exec(rest);
    if (!match) throw fail(`NAME=VALUE or NAME="VALUE" is expected in ${JSON.stringify(rest)}.`);
    pairs.push([match[1]!, match[2] ?? match[3] ?? '']);
  }
  if (pairs.length === 0) throw fail('NAME=VALUE is expected.');
  return pairs;
}

function parseArgv(rest: string, fail: (why: string) => Error): string[] {
  let argv: unknown = null;
  try {
    argv = JSON.parse(rest);
  } catch {
    // The form without brackets means `sh -c`, and the image has no shell.
  }
  if (!Array.isArray(argv) || argv.length === 0 || !argv.every((word) => typeof word === 'string')) {
    throw fail('write the command as a list of strings, like ["node", "/app/server.js"]; the image has no shell.');
  }
  return argv;
}
