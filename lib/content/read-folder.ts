import { constants } from 'node:fs';
import { open, readdir, realpath } from 'node:fs/promises';
import { basename, join, sep } from 'node:path';
import type { Problem } from './problems.ts';

/** A chapter is a few screens of text; far more than that is a mistake, or somebody's attempt to keep the parser busy. */
const maxBytes = 256 * 1024;
const fileName = /^(\d\d)-([a-z0-9]+(?:-[a-z0-9]+)*)\.md$/;

export interface SourceFile {
  /** As the author names it: `content/03-tools.md`. */
  file: string;
  slug: string;
  text: string;
}

/** Reads the chapters of a folder in their order. Only regular files directly inside it count: links could lead anywhere. */
export async function readFolder(directory: string, report: (problem: Problem) => void): Promise<SourceFile[]> {
  const root = await realpath(directory).catch((error: unknown) => {
    throw new Error(`Cannot read the content folder ${directory}. Check that it exists and that you may read it.`, { cause: error });
  });
  const sources: SourceFile[] = [];
  const taken = new Map<string, string>();
  // Editors leave hidden files of their own beside the one that is open.
  const names = (await readdir(root)).filter((name) => name.endsWith('.md') && !name.startsWith('.')).sort();
  for (const name of names) {
    const file = `${basename(root)}/${name}`;
    const problem = (text: string) => report({ file, line: 1, text });
    const [, number, slug] = fileName.exec(name) ?? [];
    if (!number || !slug) {
      problem(
        'the name does not say where the chapter stands. Call it NN-slug.md, with two digits and small letters, such as 03-tools.md.',
      );
      continue;
    }
    for (const key of [number, slug]) {
      if (taken.has(key)) problem(`"${key}" is taken by ${taken.get(key)}. Rename one of them.`);
      taken.set(key, file);
    }
    const text = await readRegularFile(root, name);
    if (typeof text === 'string') sources.push({ file, slug, text });
    else problem(text.reason);
  }
  if (names.length === 0)
    report({ file: basename(root), line: 1, text: 'the folder has no chapters. Add one, such as 01-introduction.md.' });
  return sources;
}

async function readRegularFile(root: string, name: string): Promise<string | { reason: string }> {
  const path = join(root, name);
  try {
    // O_NONBLOCK: a named pipe would keep us waiting before we could see what it is.
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const stat = await handle.stat();
      if (!stat.isFile() || !(await realpath(path)).startsWith(root + sep))
        return { reason: 'this is not a regular file. Put the chapter itself here.' };
      if (stat.size > maxBytes)
        return { reason: `the file has ${stat.size} bytes; a chapter has at most ${maxBytes}. Split it into two chapters.` };
      return new TextDecoder('utf-8', { fatal: true }).decode(await handle.readFile());
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof TypeError) return { reason: 'the file is not UTF-8 text. Save it as UTF-8.' };
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ELOOP') return { reason: 'this is a symbolic link. Put the chapter itself here.' };
    return { reason: `the file cannot be read (${code ?? error}). Check its permissions.` };
  }
}
