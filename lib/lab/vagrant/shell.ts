/** Everything a command of vagrant may touch of the world outside. */
import type { LabClient } from './lab-client.ts';
import type { Project } from './project.ts';
import type { Ui } from './ui.ts';

export interface Shell {
  ui: Ui;
  out(text: string): void;
  lab(): LabClient;
  project(): Project;
  /** Asks on the terminal; null when there is none. */
  ask(question: string): Promise<string | null>;
  /** Runs a program in this one's place; answers with its exit status. */
  run(file: string, args: string[]): Promise<number>;
  hasTerminal: boolean;
}
