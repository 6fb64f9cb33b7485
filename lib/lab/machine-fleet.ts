import type { Duplex } from 'node:stream';
export interface MachineFleet {
  accept(stream: Duplex): void;
  close(): Promise<void>;
}
export async function startFleet(_: unknown): Promise<MachineFleet> {
  return { accept: (s) => void s.destroy(), close: async () => {} };
}
