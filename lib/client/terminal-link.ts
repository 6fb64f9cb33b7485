// A viewer's side of a terminal's stream: attach, resume where it left off, acknowledge what was parsed, mark what is gone.
import type { TerminalName } from '#lib/shared/chapter.ts';
import type { TerminalSize } from '#lib/shared/protocol.ts';
import { createAcknowledgements } from './acknowledgements.ts';
import type { AppSocket } from './connection.ts';
import { pageName } from './page-name.ts';
import { noteTerminalState } from './session.ts';

/** What shows the bytes. */
export interface Screen {
  /** Shows bytes; calls `parsed` when they are on the screen. */
  write(bytes: Uint8Array, parsed: () => void): void;
  /** Calls back when everything before is on the screen. */
  settle(settled: () => void): void;
  /** Bytes are missing here, and will not come. */
  showGap(bytes: number): void;
  /** Forgets everything: another log begins. */
  clear(): void;
  size(): TerminalSize;
  /** Whether the learner types here, or looks on while another window does. */
  drive(driving: boolean): void;
}

export interface TerminalLink {
  type(text: string): void;
  resize(): void;
  /** True while what is parsed was printed before this viewer came: programs wait for no answer to it. */
  replaying(): boolean;
  close(): void;
}

/** The server refuses longer inputs. */
const maxInput = 32_768;

export function linkTerminal(socket: AppSocket, terminal: TerminalName, screen: Screen, refused: (reason: string) => void): TerminalLink {
  /** Everything before this offset of the log has been given to the screen; null until the first byte's place is known. */
  let received: number | null = null;
  /** The log that these offsets are counted in. */
  let log: string | undefined;
  /** Where history ends and what is live begins; null while that is not known, and once the screen is past it. */
  let liveFrom: number | null = null;
  let replaying = true;
  let driving = true;
  let attachment = 0;
  /** What the screen still parses of an earlier log counts no more. */
  let clearings = 0;
  /** Typed while the answer to an attach is on its way, which says whether this window drives; null otherwise. */
  let typed: string[] | null = null;
  /** Output that came before the answer to the attach which it belongs to. */
  let early: [offset: number, payload: Uint8Array][] | null = null;
  const acknowledgements = createAcknowledgements((offset) => socket.connected && socket.emit('terminal:ack', terminal, offset));

  socket.on('connect', attach);
  socket.on('terminal:output', accept);
  socket.on('terminal:gap', acceptGap);
  socket.on('terminal:driver', acceptDriver);
  if (socket.connected) attach();

  return {
    type(text) {
      if (!socket.connected) return; // typed into a dead line: sent later it would run when nobody expects it
      if (typed) typed.push(text);
      else if (driving) send(text);
    },
    resize() {
      if (driving && socket.connected) socket.emit('terminal:resize', terminal, screen.size());
    },
    replaying: () => replaying,
    close() {
      attachment += 1;
      acknowledgements.close();
      socket.off('connect', attach).off('terminal:output', accept).off('terminal:gap', acceptGap).off('terminal:driver', acceptDriver);
      if (socket.connected) socket.emit('terminal:detach', terminal);
    },
  };

  function send(text: string) {
    for (let start = 0; start < text.length; start += maxInput)
      socket.emit('terminal:input', terminal, text.slice(start, start + maxInput));
  }

  function attach() {
    const mine = ++attachment;
    early = [];
    typed = [];
    liveFrom = null;
    replaying = true;
    socket.emit('terminal:attach', { terminal, offset: received, log, page: pageName(), size: screen.size() }, (answer) => {
      if (mine !== attachment) return;
      const keys = typed ?? [];
      typed = null;
      if (!answer.ok) return refused(answer.reason);
      noteTerminalState(answer.state);
      log = answer.log;
      acceptDriver(terminal, answer.driving);
      if (driving) for (const text of keys) send(text);
      liveFrom = answer.end;
      // A log that begins before what is already on the screen is another log: the server lost the old one.
      if (received !== null && answer.offset < received) {
        screen.clear();
        clearings += 1;
        received = answer.offset;
        acknowledgements.restart(answer.offset);
      } else skipTo(answer.offset);
      const waiting = early ?? [];
      early = null;
      for (const [offset, payload] of waiting) accept(terminal, offset, payload);
      passHistory();
    });
  }

  function accept(name: TerminalName, offset: number, payload: Uint8Array) {
    if (name !== terminal) return;
    if (early) {
      early.push([offset, payload]);
      return;
    }
    skipTo(offset);
    const end = offset + payload.length;
    // After a reconnection some bytes may come twice; they are counted, so only the new ones are shown.
    const start = Math.max(received ?? offset, offset);
    if (end <= start) return acknowledgements.taken(end);
    // History is shown by itself, so that it is known which of the two asks for an answer.
    const cut = liveFrom !== null && liveFrom < end ? Math.max(start, liveFrom) : end;
    for (const [from, to] of [
      [start, cut],
      [cut, end],
    ] as const) {
      if (from < to) show(payload.subarray(from - offset, to - offset), to);
      passHistory();
    }
  }

  function show(bytes: Uint8Array, end: number) {
    const count = clearings;
    received = end;
    screen.write(bytes, () => count === clearings && acknowledgements.taken(end));
  }

  function passHistory() {
    if (liveFrom === null || (received ?? 0) < liveFrom) return;
    liveFrom = null;
    const mine = attachment;
    screen.settle(() => {
      if (mine === attachment) replaying = false;
    });
  }

  function acceptGap(name: TerminalName, _from: number, to: number) {
    if (name !== terminal || early) return; // the answer tells of it as well
    skipTo(to);
    passHistory();
  }

  function acceptDriver(name: TerminalName, drives: boolean) {
    if (name !== terminal) return;
    driving = drives;
    screen.drive(drives);
  }

  function skipTo(offset: number) {
    if (received !== null && offset > received) screen.showGap(offset - received);
    if (received === null || offset > received) received = offset;
  }
}
