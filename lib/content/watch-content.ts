import { watch } from 'node:fs';
import { fail, type Result, succeed } from '#lib/shared/result.ts';
import { type Content, loadContent } from './load-content.ts';

/** Editors write a file in several strokes (truncate, write, rename); one reload after the last of them is enough. */
const quietMs = 60;

/** Loads the folder again whenever something in it changes, until closed. A broken chapter is a failure with its problems; watching goes on. */
export function watchContent(directory: string, onChange: (result: Result<Content>) => void): { close(): void } {
  let timer: NodeJS.Timeout | undefined;
  /** Counts the changes, so that a load which was overtaken by the next one keeps quiet. */
  let latest = 0;
  const watcher = watch(directory, { persistent: false }, schedule);
  watcher.on('error', (error) => onChange(fail(`Stopped watching ${directory}: ${error.message}. Start again to see further changes.`)));

  function schedule() {
    latest += 1;
    clearTimeout(timer);
    timer = setTimeout(reload, quietMs);
  }

  async function reload() {
    const current = latest;
    const result = await loadContent(directory).then(succeed, (error: Error) => fail(error.message));
    if (current === latest) onChange(result);
  }

  return {
    close() {
      latest = Number.NaN; // equals nothing, so that a load under way keeps quiet as well
      clearTimeout(timer);
      watcher.close();
    },
  };
}
