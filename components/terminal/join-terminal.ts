// An emulator on a terminal's stream: shows what comes, and types what the learner does.
import type { Terminal } from '@xterm/xterm';
import type { AppSocket } from '#lib/client/connection.ts';
import { linkTerminal, type TerminalLink } from '#lib/client/terminal-link.ts';
import type { TerminalName } from '#lib/shared/chapter.ts';
import { isReport } from './report.ts';

export function joinTerminal(
  socket: AppSocket,
  name: TerminalName,
  terminal: Pick<Terminal, 'write' | 'reset' | 'onData' | 'cols' | 'rows'>,
  { refused, drive }: { refused(reason: string): void; drive(driving: boolean): void },
): TerminalLink {
  const screen = {
    write: (bytes: Uint8Array, parsed: () => void) => terminal.write(bytes, parsed),
    settle: (settled: () => void) => terminal.write('', settled),
    showGap: (bytes: number) => terminal.write(`\x1b[0m\r\n\x1b[7m ${formatBytes(bytes)} of output are missing here \x1b[0m\r\n`),
    clear: () => terminal.reset(),
    drive,
    size: () => ({ cols: terminal.cols, rows: terminal.rows }),
  };
  const link = linkTerminal(socket, name, screen, refused);
  terminal.onData((data) => {
    if (!(link.replaying() && isReport(data))) link.type(data);
  });
  return link;
}

function formatBytes(bytes: number): string {
  return bytes < 1024 ? `${bytes} bytes` : `${Math.round(bytes / 1024)} kB`;
}
