/**
 * Finds the marks of our shell integration in a terminal's output and takes them out. A mark is `ESC ] 633 ; NONCE ; … BEL`; whatever does not
 * carry the shell's own nonce passes unchanged, so no program can print one.
 */

/**
 * The prompt begins to be drawn. `prompt` is new for every prompt, and the same when one is drawn again. `command` counts the shell's
 * commands and `stopped` the suspended jobs; both are null when the shell could not tell. `hooked`: nothing that should happen before
 * a prompt was left out.
 */
export interface PromptMark {
  kind: 'prompt';
  prompt: number;
  status: number;
  directory: string;
  history: number;
  command: number | null;
  stopped: number | null;
  hooked: boolean;
}

export type Mark =
  | PromptMark
  /** The prompt is drawn: the shell reads a command. */
  | { kind: 'ready' }
  /** The command is not complete yet, the shell reads more of it. */
  | { kind: 'continuation' }
  /** A command starts. `command` is null when the shell kept it out of its history. */
  | { kind: 'start'; command: string | null }
  /** A step has shown its lines; its own output follows. */
  | { kind: 'block' }
  /** Asked whether it is still there, the shell says so; its prompt has its marks. */
  | { kind: 'alive' };

const escapeByte = 0x1b;
const bellByte = 0x07;
/** The shell cuts a command at 4096 characters; nothing longer than this is a mark of ours. */
const longestMark = 64 * 1024;

/**
 * @param handlers called in the order of the stream; `output` gets views of the chunk, never an empty one
 */
export function createMarkParser(nonce: string, handlers: { output(bytes: Buffer): void; mark(mark: Mark): void }) {
  const prefix = Buffer.from(`\x1b]633;${nonce};`);
  /** Bytes of the prefix seen so far; beyond its length, we are inside a mark. */
  let matched = 0;
  let body: Buffer[] = [];
  let bodyLength = 0;
  let promptHistory = 0;

  return {
    push(chunk: Buffer) {
      let from = 0;
      let at = 0;
      while (at < chunk.length) {
        if (matched === prefix.length) {
          at = from = readBody(chunk, at);
          continue;
        }
        if (matched === 0) {
          const next = chunk.indexOf(escapeByte, at);
          if (next < 0) break;
          at = next + 1;
          matched = 1;
          continue;
        }
        if (chunk[at] === prefix[matched]) {
          at += 1;
          matched += 1;
          if (matched === prefix.length) emit(chunk, from, at - matched);
          continue;
        }
        // No mark after all. What an earlier chunk held of it was kept back; this byte may begin another one.
        const held = matched - (at - from);
        if (held > 0) handlers.output(prefix.subarray(0, held));
        matched = 0;
      }
      if (matched < prefix.length) emit(chunk, from, chunk.length - Math.min(matched, chunk.length - from));
    },

    /** At the end of the stream: what looked like the beginning of a mark was not one. */
    end() {
      if (matched > 0 && matched < prefix.length) handlers.output(prefix.subarray(0, matched));
      matched = 0;
    },
  };

  function emit(chunk: Buffer, from: number, to: number): void {
    if (to > from) handlers.output(chunk.subarray(from, to));
  }

  /** Returns where the chunk goes on after the mark, or its length when the mark does not end in it. */
  function readBody(chunk: Buffer, from: number): number {
    const end = chunk.indexOf(bellByte, from);
    const to = end < 0 ? chunk.length : end;
    bodyLength += to - from;
    if (bodyLength <= longestMark) body.push(Buffer.from(chunk.subarray(from, to)));
    if (end < 0) return to;
    const mark = bodyLength <= longestMark ? parseMark(Buffer.concat(body).toString()) : null;
    body = [];
    bodyLength = matched = 0;
    if (mark) handlers.mark(mark);
    return end + 1;
  }

  function parseMark(text: string): Mark | null {
    const [kind, ...fields] = text.split(';');
    if (kind === 'P') {
      promptHistory = numberOf(fields[2]) ?? promptHistory;
      return {
        kind: 'prompt',
        prompt: Number(fields[0]),
        status: Number(fields[1]),
        history: promptHistory,
        command: numberOf(fields[3]),
        stopped: fields[5] === fields[0] ? numberOf(fields[4]) : null,
        hooked: fields[5] === fields[0],
        directory: fields.slice(6).join(';'),
      };
    }
    if (kind === 'A') return { kind: 'alive' };
    if (kind === 'B') return { kind: 'ready' };
    if (kind === 'N') return { kind: 'continuation' };
    if (kind === 'S') return { kind: 'block' };
    if (kind !== 'C') return null;
    // The shell reports its newest history entry. If that is not newer than the prompt, this command was kept out of the history.
    const entry = /^\s*(\d+)[* ] (.*)$/s.exec(fields.join(';'));
    return { kind: 'start', command: entry && Number(entry[1]) >= promptHistory ? restoreLines(entry[2]!) : null };
  }
}

function numberOf(field: string | undefined): number | null {
  return field ? Number(field) : null;
}

function restoreLines(text: string): string {
  return text.replace(/\\([\\n])/g, (_, character: string) => (character === 'n' ? '\n' : '\\'));
}
