// What systemctl writes, and the status that it ends with.

/** systemctl's own exit statuses. */
export const exitInactive = 3;
export const exitUnknown = 4;
export const exitCannotLoad = 6;

export function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

export function complain(text: string, exitStatus = 1): number {
  process.stderr.write(`${text}\n`);
  return exitStatus;
}
