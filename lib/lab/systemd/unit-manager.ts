/** What fleet's agent (and nobody else in the lab) needs of a machine's systemd. */
export interface UnitManager {
  /** Writes the unit file and reads it again, as `/run/fleet/units` and `daemon-reload` do. A file with errors gets load state `error`. */
  load(name: string, text: string): Promise<void>;
  /** Stops the unit if it runs, waits for that, and forgets it. */
  unload(name: string): Promise<void>;
  /** Queues a start job; resolves once it is queued, not once the unit is active. Resets a failed unit first. */
  start(name: string): Promise<void>;
  /** Queues a stop job; resolves once it is queued. */
  stop(name: string): Promise<void>;
  /** The loaded units, by name. */
  states(): UnitState[];
  /** Calls back on every change of a state; answers with a function that ends it. */
  onState(listener: (state: UnitState) => void): () => void;
}

/** The three words that systemd reports of a unit. */
export interface UnitState {
  name: string;
  /** loaded, not-found, error. */
  load: string;
  /** active, reloading, activating, deactivating, inactive, failed. */
  active: string;
  /** running, dead, exited, start-pre, start, auto-restart, stop-sigterm, failed, … */
  sub: string;
}
