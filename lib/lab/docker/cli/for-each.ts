import { type Arguments, requireWords } from './arguments.ts';
import { CommandError } from './command-error.ts';

/** Goes on after a failure, as Docker does; prints the name of what worked, or what the work answers. */
export async function forEach(command: string, { words }: Arguments, work: (name: string) => Promise<unknown>): Promise<void> {
  requireWords(command, words, 1);
  const failures: string[] = [];
  for (const name of words) {
    try {
      const answer = await work(name);
      process.stdout.write(`${typeof answer === 'string' ? answer : name}\n`);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      failures.push(error.message);
    }
  }
  if (failures.length > 0) throw new CommandError(failures.join('\n'));
}
