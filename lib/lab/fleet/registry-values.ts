// What stands in fleet's keys: JSON that Go wrote and that anybody with etcdctl may have changed.

export interface Machine {
  /** 32 hexadecimal digits. */
  id: string;
  primaryIP: string;
  metadata: Record<string, string>;
}

export interface UnitState {
  name: string;
  /** SHA-1 of the unit's canonical text. */
  hash: string;
  machineID: string;
  systemdLoadState: string;
  systemdActiveState: string;
  systemdSubState: string;
}

export type TargetState = 'inactive' | 'loaded' | 'launched';

export function readTargetState(text: string | undefined): TargetState {
  return text === 'loaded' || text === 'launched' ? text : 'inactive';
}

/** fleetctl of any age is content with this version, so it gives no advice to upgrade. */
const machineVersion = '0.8.3';

export function encodeMachine({ id, primaryIP, metadata }: Machine): string {
  return JSON.stringify({ ID: id, PublicIP: primaryIP, Metadata: metadata, Capabilities: null, Version: machineVersion });
}

export function decodeMachine(text: string | undefined): Machine | undefined {
  const { ID, PublicIP, Metadata } = parseObject(text);
  if (typeof ID !== 'string' || ID === '') return undefined;
  const metadata = Object.entries(asObject(Metadata)).flatMap(([key, value]) => (typeof value === 'string' ? [[key, value]] : []));
  return { id: ID, primaryIP: asText(PublicIP), metadata: Object.fromEntries(metadata) };
}

/** `hash`: 40 hexadecimal digits; on the wire twenty numbers. */
export function encodeJob(name: string, hash: string): string {
  return JSON.stringify({ Name: name, UnitHash: [...Buffer.from(hash, 'hex')] });
}

export function decodeJobHash(text: string | undefined): string | undefined {
  const { UnitHash } = parseObject(text);
  const isHash =
    Array.isArray(UnitHash) && UnitHash.length === 20 && UnitHash.every((byte) => Number.isInteger(byte) && byte >= 0 && byte < 256);
  return isHash ? Buffer.from(UnitHash).toString('hex') : undefined;
}

export function encodeState({ hash, machineID, systemdLoadState, systemdActiveState, systemdSubState }: UnitState): string {
  const machineState = { ID: machineID, PublicIP: '', Metadata: null, Capabilities: null, Version: '' };
  return JSON.stringify({
    ...{ loadState: systemdLoadState, activeState: systemdActiveState, subState: systemdSubState },
    ...{ machineState, unitHash: hash },
  });
}

export function decodeState(name: string, machineID: string, text: string | undefined): UnitState {
  const { loadState, activeState, subState, unitHash } = parseObject(text);
  const words = { systemdLoadState: asText(loadState), systemdActiveState: asText(activeState), systemdSubState: asText(subState) };
  return { name, machineID, hash: asText(unitHash), ...words };
}

export function parseObject(text = ''): Record<string, unknown> {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return {};
  }
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
