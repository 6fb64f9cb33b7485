/**
 * Whether a terminal emulator's output is an answer to a program's query (device attributes, status, cursor position, modes, colours, focus)
 * rather than something typed. Answers to queries in replayed output would reach a program that never asked.
 */
export function isReport(data: string): boolean {
  return /^(?:\x1b\[[?>]?[\d;]*\$?[cnRyt]|\x1b\[[IO]$|\x1b[\]P])/.test(data);
}
