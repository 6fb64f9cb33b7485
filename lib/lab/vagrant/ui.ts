/** How vagrant speaks: lines for a terminal (with colours), for a pipe (plain), or records for a program (`--machine-readable`). */

export interface Ui {
  /** A line of its own, without a machine in front. */
  info(text: string): void;
  /** `==> core-01: text` */
  output(machine: string, text: string): void;
  /** `    core-01: text` */
  detail(machine: string, text: string): void;
  error(text: string): void;
  /** A record that only programs get to see. */
  record(machine: string, type: string, ...data: string[]): void;
}

export interface Streams {
  out(text: string): void;
  err(text: string): void;
}

export type UiStyle = 'colour' | 'plain' | 'machine-readable';

/** `now` is in milliseconds since 1970. */
export function createUi(style: UiStyle, { out, err }: Streams, now: () => number = Date.now): Ui {
  if (style === 'machine-readable') return recordingUi(out, now);
  const colour = (sequence: string, text: string) => (style === 'colour' ? `\x1b[${sequence}m${text}\x1b[0m` : text);
  return {
    info: (text) => out(`${colour('0', text)}\n`),
    output: (machine, text) => out(`${colour('1', prefix('==>', machine, text))}\n`),
    detail: (machine, text) => out(`${colour('0', prefix('   ', machine, text))}\n`),
    error: (text) => err(`${colour('0;31', text)}\n`),
    record: () => {},
  };
}

function recordingUi(out: (text: string) => void, now: () => number): Ui {
  const record = (machine: string, type: string, ...data: string[]) =>
    out(`${[String(Math.floor(now() / 1000)), machine, type, ...data.map(escapeField)].join(',')}\n`);
  return {
    info: (text) => record('', 'ui', 'info', text),
    output: (machine, text) => record(machine, 'ui', 'output', prefix('==>', machine, text)),
    detail: (machine, text) => record(machine, 'ui', 'detail', prefix('   ', machine, text)),
    error: (text) => record('', 'error-exit', 'Vagrant::Errors::VagrantError', text),
    record,
  };
}

function prefix(arrow: string, machine: string, text: string): string {
  return text
    .split('\n')
    .map((line) => `${arrow} ${machine}: ${line}`)
    .join('\n');
}

function escapeField(text: string): string {
  return text.replaceAll(',', '%!(VAGRANT_COMMA)').replaceAll('\n', '\\n').replaceAll('\r', '\\r');
}
