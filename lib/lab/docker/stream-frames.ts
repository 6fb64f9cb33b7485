// How the Docker Engine API sends two output streams over one connection: 8 bytes of header, then the bytes.

export type OutputStream = 'stdout' | 'stderr';

const headerBytes = 8;
const numbers = { stdout: 1, stderr: 2 };

export function encodeFrame(stream: OutputStream, bytes: Buffer): Buffer {
  const header = Buffer.alloc(headerBytes);
  header[0] = numbers[stream];
  header.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([header, bytes]);
}

/** Feeds chunks of any size in; calls back with each piece as soon as it is there. */
export function createFrameDecoder(accept: (stream: OutputStream, bytes: Buffer) => void): (chunk: Buffer) => void {
  let header = Buffer.alloc(0);
  let left = 0;
  return (chunk) => {
    let rest = chunk;
    while (rest.length > 0) {
      if (left > 0) {
        const piece = rest.subarray(0, left);
        left -= piece.length;
        rest = rest.subarray(piece.length);
        accept(header[0] === numbers.stderr ? 'stderr' : 'stdout', piece);
        if (left === 0) header = Buffer.alloc(0);
        continue;
      }
      const missing = headerBytes - header.length;
      header = Buffer.concat([header, rest.subarray(0, missing)]);
      rest = rest.subarray(missing);
      if (header.length < headerBytes) return;
      left = header.readUInt32BE(4);
      if (left === 0) header = Buffer.alloc(0);
    }
  };
}
