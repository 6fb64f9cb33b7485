import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { Result } from '#lib/shared/result.ts';
import type { Content } from './load-content.ts';
import { watchContent } from './watch-content.ts';

function chapter(title: string): string {
  return `---\ntitle: ${title}\nsummary: S\n---\n`;
}

async function watched() {
  const directory = await mkdtemp(join(tmpdir(), 'content-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  await writeFile(join(directory, '01-a.md'), chapter('First'));
  const seen: Result<Content>[] = [];
  const watcher = watchContent(directory, (result) => seen.push(result));
  onTestFinished(() => watcher.close());
  const titles = () => {
    const last = seen.at(-1);
    return last?.ok ? last.value.chapters.map(({ title }) => title) : last?.reason;
  };
  return { directory, seen, watcher, titles };
}

test('an edit, a new chapter and one that an editor moves into place are seen', async () => {
  const { directory, titles } = await watched();
  await writeFile(join(directory, '01-a.md'), chapter('Second'));
  await vi.waitFor(() => expect(titles()).toEqual(['Second']), 5000);
  await writeFile(join(directory, '02-b.md'), chapter('New'));
  await vi.waitFor(() => expect(titles()).toEqual(['Second', 'New']), 5000);
  await writeFile(join(directory, '01-a.md~'), chapter('Third'));
  await rename(join(directory, '01-a.md~'), join(directory, '01-a.md'));
  await vi.waitFor(() => expect(titles()).toEqual(['Third', 'New']), 5000);
});

test('a broken chapter is a failure with its problems, and mending it is seen', async () => {
  const { directory, titles } = await watched();
  await writeFile(join(directory, '01-a.md'), 'broken');
  await vi.waitFor(() => expect(titles()).toContain('/01-a.md:1: the chapter has no front matter.'), 5000);
  await writeFile(join(directory, '01-a.md'), chapter('Mended'));
  await vi.waitFor(() => expect(titles()).toEqual(['Mended']), 5000);
});

test('nothing is told once it is closed', async () => {
  const { directory, seen, watcher } = await watched();
  const control: Result<Content>[] = [];
  const other = watchContent(directory, (result) => control.push(result));
  onTestFinished(() => other.close());
  await writeFile(join(directory, '01-a.md'), chapter('Second'));
  watcher.close();
  await vi.waitFor(() => expect(control).not.toHaveLength(0), 5000);
  expect(seen).toHaveLength(0);
});
