/** The pipe between a pty host and its parent: length-prefixed frames, so that output crosses it as raw bytes. */

export const frameKind = { control: 0, bytes: 1 } as const;
export type FrameKind = (typeof frameKind)[keyof typeof frameKind];

/** What the parent asks; the frame's id names the pty, chosen by the parent. */
export type HostRequest =
  | {
      type: 'open';
      file: string;
      args: string[];
      directory: string;
      environment: Record<string, string>;
      size: { cols: number; rows: number };
    }
  | { type: 'resize'; size: { cols: number; rows: number } }
  /** `group`: the foreground process group, where the host cannot find it by itself (no /proc). */
  | { type: 'signal'; name: NodeJS.Signals; to: 'foreground' | 'all'; group: number | null }
  /** Drops what is queued for a program that does not read. */
  | { type: 'discard-input' }
  | { type: 'pause' }
  | { type: 'resume' }
  /** The parent has taken so many bytes of output. */
  | { type: 'credit'; bytes: number };

/** What the host reports; output travels as `bytes` frames, in order with these. */
export type HostReport =
  | { type: 'opened'; pid: number }
  | { type: 'refused'; reason: string }
  | { type: 'input-lost'; bytes: number }
  | { type: 'exit'; status: number | null; signal: string | null };

export const largestFrame = 64 * 1024;
/**
 * Output in flight per pty: enough that a flood is read on while the parent takes a frame, and no more, for another terminal's echo waits
 * behind it.
 */
export const creditWindow = 3 * largestFrame;

export const headerLength = 9;
/** Far above anything either side sends: a longer frame means that the stream is broken. */
const lengthLimit = 16 * 1024 * 1024;

/** Payload length (4 bytes, big endian), kind (1), pty id (4), payload. */
export function frameHeader(kind: FrameKind, id: number, payloadLength: number): Buffer {
  const header = Buffer.allocUnsafe(headerLength);
  writeFrameHeader(header, 0, kind, id, payloadLength);
  return header;
}

/** The same in place, where the caller has left `headerLength` bytes before the payload. */
export function writeFrameHeader(target: Buffer, at: number, kind: FrameKind, id: number, payloadLength: number): void {
  target.writeUInt32BE(payloadLength, at);
  target.writeUInt8(kind, at + 4);
  target.writeUInt32BE(id, at + 5);
}

export function controlFrame(id: number, message: HostRequest | HostReport): Buffer {
  const payload = Buffer.from(JSON.stringify(message));
  return Buffer.concat([frameHeader(frameKind.control, id, payload.length), payload]);
}

/**
 * Cuts a byte stream into frames. `onFrame` gets a control frame once it is complete, but the payload of a `bytes` frame in pieces as they come:
 * joining them would copy all output once more. A payload is a view that is never written to again.
 */
export function createFrameReader(onFrame: (kind: FrameKind, id: number, payload: Buffer) => void) {
  let pending: Buffer[] = [];
  let pendingLength = 0;
  let wanted = headerLength;
  /** The pty that the rest of a `bytes` frame belongs to, and how much of it is still to come. */
  let outputId = 0;
  let outputLeft = 0;

  return {
    push(chunk: Buffer) {
      const head = takeOutput(chunk, 0);
      if (head === chunk.length) return;
      const rest = head === 0 ? chunk : chunk.subarray(head);
      pending.push(rest);
      pendingLength += rest.length;
      if (pendingLength < wanted) return;
      const bytes = pending.length === 1 ? rest : Buffer.concat(pending, pendingLength);
      let at = 0;
      wanted = headerLength;
      while (bytes.length - at >= headerLength) {
        const length = bytes.readUInt32BE(at);
        if (length > lengthLimit) throw new Error(`The pty host's pipe is out of step: a frame of ${length} bytes.`);
        const kind = bytes.readUInt8(at + 4) as FrameKind;
        const id = bytes.readUInt32BE(at + 5);
        if (kind === frameKind.bytes) {
          outputId = id;
          outputLeft = length;
          at = takeOutput(bytes, at + headerLength);
          continue;
        }
        const end = at + headerLength + length;
        if (end > bytes.length) {
          wanted = headerLength + length;
          break;
        }
        onFrame(kind, id, bytes.subarray(at + headerLength, end));
        at = end;
      }
      const left = bytes.subarray(at);
      pending = left.length > 0 ? [left] : [];
      pendingLength = left.length;
    },
  };

  /** Passes on what belongs to the `bytes` frame under way, and returns where the next frame begins. */
  function takeOutput(bytes: Buffer, from: number): number {
    const length = Math.min(outputLeft, bytes.length - from);
    if (length === 0) return from;
    outputLeft -= length;
    onFrame(frameKind.bytes, outputId, bytes.subarray(from, from + length));
    return from + length;
  }
}
