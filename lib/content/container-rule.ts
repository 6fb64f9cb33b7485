import type { StateBlock } from 'markdown-it';

/**
 * The markdown-it rule for `:::name …` up to a line `:::`. It makes `container_open` (its `info` is what stands behind the colons,
 * its `meta.closed` says whether the end was found), the tokens of what is inside, and `container_close`.
 */
export function containerRule(state: StateBlock, startLine: number, endLine: number, silent: boolean): boolean {
  const opening = lineText(state, startLine);
  if (!opening.startsWith(':::')) return false;
  if (silent) return true;
  const end = findEnd(state, startLine, endLine);
  const open = state.push('container_open', 'div', 1);
  open.info = opening.replace(/^:+/, '').trim();
  open.map = [startLine, end ?? endLine];
  open.meta = { closed: end !== null };
  const { lineMax } = state;
  state.lineMax = end ?? endLine;
  state.md.block.tokenize(state, startLine + 1, state.lineMax);
  state.lineMax = lineMax;
  state.push('container_close', 'div', -1);
  state.line = end === null ? endLine : end + 1;
  return true;
}

/** The first line `:::` that is not inside a code block. */
function findEnd(state: StateBlock, startLine: number, endLine: number): number | null {
  let fence: string | null = null;
  for (let line = startLine + 1; line < endLine; line++) {
    const text = lineText(state, line);
    const [marker] = /^(?:`{3,}|~{3,})/.exec(text) ?? [];
    if (fence !== null) {
      if (marker === text && text.startsWith(fence)) fence = null;
    } else if (marker) fence = marker;
    else if (text === ':::') return line;
  }
  return null;
}

function lineText(state: StateBlock, line: number): string {
  return state.src.slice(state.bMarks[line]! + state.tShift[line]!, state.eMarks[line]).trimEnd();
}
