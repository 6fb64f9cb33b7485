/**
 * How packets of the page's socket are written: a terminal's output as one raw binary message, all else in socket.io's own text form. By itself
 * socket.io sends each output as two messages, the first of them JSON. Both ends of a connection must be given this parser.
 */
import { type TerminalName, terminalNames } from './chapter.ts';

interface Packet {
  /** As numbered by socket.io: 0 connect, 1 disconnect, 2 event, 3 answer to an event, 4 refused. */
  type: number;
  nsp: string;
  data?: unknown;
  /** Of an event that wants an answer, and of the answer. */
  id?: number;
}

/** The terminal's number (1 byte), the offset (a 64-bit float, big endian), the bytes. */
const headerLength = 9;
const event = 2;
/** Names that socket.io gives to events of its own: a peer that sends them would pretend to be the library. */
const reserved = ['connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener'];

class Encoder {
  encode(packet: Packet): (string | Uint8Array)[] {
    const { type, data, id = '' } = packet;
    if (type === event && (data as unknown[])[0] === 'terminal:output')
      return [encodeOutput(...(data as [string, TerminalName, number, Uint8Array]))];
    return [`${type}${id}${data === undefined ? '' : JSON.stringify(data)}`];
  }
}

/** Throws on what no honest peer sends; socket.io then closes the connection. */
class Decoder {
  #listeners = new Set<(packet: Packet) => void>();

  add(message: unknown): void {
    const packet = typeof message === 'string' ? decodeText(message) : decodeOutput(bytesOf(message));
    for (const listener of this.#listeners) listener(packet);
  }

  on(_decoded: 'decoded', listener: (packet: Packet) => void): void {
    this.#listeners.add(listener);
  }

  off(_decoded: 'decoded', listener: (packet: Packet) => void): void {
    this.#listeners.delete(listener);
  }

  removeListener = this.off;

  destroy(): void {}
}

export const socketParser = { Encoder, Decoder };

function encodeOutput(_event: string, terminal: TerminalName, offset: number, bytes: Uint8Array): Uint8Array {
  const message = new Uint8Array(headerLength + bytes.length);
  message[0] = terminalNames.indexOf(terminal);
  new DataView(message.buffer).setFloat64(1, offset);
  message.set(bytes, headerLength);
  return message;
}

function decodeOutput(message: Uint8Array): Packet {
  const terminal = terminalNames[message[0] as number];
  if (!terminal || message.length < headerLength) throw new Error('A binary message that is no output of a terminal.');
  const offset = new DataView(message.buffer, message.byteOffset).getFloat64(1);
  return { type: event, nsp: '/', data: ['terminal:output', terminal, offset, message.subarray(headerLength)] };
}

function bytesOf(message: unknown): Uint8Array {
  if (message instanceof ArrayBuffer) return new Uint8Array(message);
  if (message instanceof Uint8Array) return message;
  throw new Error('A message that is neither text nor bytes.');
}

function decodeText(text: string): Packet {
  const [, type, id, json] = /^([0-4])(\d*)(.*)$/s.exec(text) ?? [];
  const packet: Packet = { type: Number(type), nsp: '/' };
  if (id) packet.id = Number(id);
  if (json) packet.data = JSON.parse(json);
  if (!isValid(packet)) throw new Error('A message that is no packet of socket.io.');
  return packet;
}

function isValid({ type, data }: Packet): boolean {
  if (type === 0) return data === undefined || isObject(data);
  if (type === 1) return data === undefined;
  if (type === event) return Array.isArray(data) && typeof data[0] === 'string' && !reserved.includes(data[0]);
  if (type === 3) return Array.isArray(data);
  return type === 4 && (typeof data === 'string' || isObject(data));
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
