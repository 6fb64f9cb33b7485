// What every command of fleetctl gets.
import type { FleetMachine } from '#lib/cluster/fleet-client.ts';
import type { Arguments } from './arguments.ts';
import type { Connection } from './connection.ts';
import type { Console } from './console.ts';
import { fleetError } from './wording.ts';

export interface Run {
  flags: Arguments;
  /** The arguments after the command's name. */
  words: string[];
  connection: Connection;
  console: Console;
  environment: NodeJS.ProcessEnv;
}

/** Ends the command: the sentence goes to standard error. */
export class CommandFailure extends Error {
  readonly status: number;
  constructor(message: string, status = 1) {
    super(message);
    this.status = status;
  }
}

/** @param failure what stands before fleet's own words when the request fails */
export async function orFail<Value>(value: Promise<Value>, failure: string): Promise<Value> {
  try {
    return await value;
  } catch (error) {
    throw new CommandFailure(`${failure}: ${fleetError(error)}`);
  }
}

/** `4c389e87...`, or all of it. */
export function machineLegend(id: string, full: boolean): string {
  return full ? id : `${id.slice(0, 8)}...`;
}

/** With the address where the machine is known: `4c389e87.../172.17.8.101`. */
export function machineFullLegend(id: string, machines: FleetMachine[], full = false): string {
  const address = machines.find((machine) => machine.id === id)?.primaryIP;
  return address ? `${machineLegend(id, full)}/${address}` : machineLegend(id, full);
}

/** The machines, asked for once; empty when they cannot be listed, since they only decorate other output. */
export function machineCache(run: Run): () => Promise<FleetMachine[]> {
  let machines: Promise<FleetMachine[]> | null = null;
  return () => {
    machines ??= run.connection.fleet.machines().catch(() => []);
    return machines;
  };
}
