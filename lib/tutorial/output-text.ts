/** Looks for a text in a stream of terminal output, wherever the stream is cut and however the text is coloured. */

const escapeByte = 0x1b;
const bellByte = 0x07;
const carriageReturn = 0x0d;

export interface TextWatcher {
  /** Whether this chunk completes the text. Searching goes on behind it. */
  push(chunk: Buffer): boolean;
  /** Forgets what was seen. */
  reset(): void;
}

/** `push` answers whether the text has been completed by this chunk. */
export function createTextWatcher(text: string): TextWatcher {
  const wanted = Buffer.from(text);
  const visible = createVisibleText();
  let tail = Buffer.alloc(0);
  return {
    push(chunk) {
      const seen = Buffer.concat([tail, visible.push(chunk)]);
      const at = seen.indexOf(wanted);
      tail = Buffer.from(at < 0 ? seen.subarray(Math.max(0, seen.length - wanted.length + 1)) : seen.subarray(at + wanted.length));
      return at >= 0;
    },
    reset() {
      tail = Buffer.alloc(0);
    },
  };
}

/** Takes escape sequences and carriage returns out of a stream of chunks. */
export function createVisibleText() {
  let state: 'text' | 'escape' | 'control' | 'string' | 'string-escape' = 'text';
  return {
    push(chunk: Buffer): Buffer {
      if (state === 'text' && !chunk.includes(escapeByte) && !chunk.includes(carriageReturn)) return chunk;
      const kept = Buffer.allocUnsafe(chunk.length);
      let length = 0;
      for (const byte of chunk) {
        if (state === 'text') {
          if (byte === escapeByte) state = 'escape';
          else if (byte !== carriageReturn) kept[length++] = byte;
        } else if (state === 'escape') {
          if (byte === 0x5b) state = 'control';
          // OSC, DCS, SOS, PM and APC carry a string.
          else if (byte === 0x5d || byte === 0x50 || byte === 0x58 || byte === 0x5e || byte === 0x5f) state = 'string';
          else if (byte < 0x20 || byte > 0x2f) state = 'text';
        } else if (state === 'control') {
          if (byte >= 0x40 && byte <= 0x7e) state = 'text';
        } else if (state === 'string') {
          if (byte === bellByte) state = 'text';
          else if (byte === escapeByte) state = 'string-escape';
        } else state = byte === 0x5c ? 'text' : 'string';
      }
      return kept.subarray(0, length);
    },
  };
}
