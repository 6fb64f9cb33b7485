// The bodies that fleet's API accepts.
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';

/** An answer other than 2xx; the message is what clients print. */
export class ApiError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
  }
}

const option = z.object({ section: z.string().default(''), name: z.string().default(''), value: z.string().default('') });
const unitRequest = z.object({
  name: z.string().default(''),
  desiredState: z.string().default(''),
  options: z.array(option).nullish(),
});
const metadataChange = z.object({
  op: z.string().default(''),
  path: z.string().default(''),
  value: z.object({ value: z.string().default('') }).nullish(),
});

export type UnitRequest = z.infer<typeof unitRequest>;

/** The first two of fleet's checks: type and form of the body. */
export function readUnitRequest(request: IncomingMessage, body: Buffer): UnitRequest {
  requireJson(request);
  return decode(unitRequest, body);
}

export interface MetadataChange {
  machineId: string;
  key: string;
  /** '' for a removal. */
  value: string;
}

export function readMetadataChanges(request: IncomingMessage, body: Buffer): MetadataChange[] {
  requireJson(request);
  return decode(z.array(metadataChange), body).map(({ op, path, value }) => {
    if (!['add', 'remove', 'replace'].includes(op)) throw new ApiError(400, 'invalid op: expect add, remove, or replace');
    const [, machineId, key] = /^\/([A-Za-z0-9-]+)\/metadata\/(?!\.{1,2}$)([A-Za-z0-9_.-]+)$/.exec(path) ?? [];
    if (machineId === undefined || key === undefined) throw new ApiError(400, 'machine metadata path invalid');
    const text = value?.value ?? '';
    if (op !== 'remove' && text === '') throw new ApiError(400, 'invalid value: add and replace require a value');
    return { machineId, key, value: op === 'remove' ? '' : text };
  });
}

function requireJson(request: IncomingMessage): void {
  const types = request.headersDistinct['content-type'] ?? [];
  if (types.length !== 1) throw new ApiError(415, `expected 1 Content-Type, got ${types.length}`);
  if (types[0]!.split(';')[0] !== 'application/json') throw new ApiError(415, 'only acceptable Content-Type is application/json');
}

function decode<T>(schema: z.ZodType<T>, body: Buffer): T {
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch (error) {
    throw new ApiError(400, `unable to decode body: ${error instanceof Error ? error.message : error}`);
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new ApiError(400, `unable to decode body: ${issue?.path.join('.') || 'body'}: ${issue?.message}`);
  }
  return parsed.data;
}
