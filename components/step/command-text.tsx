import { Fragment } from 'react';

/** A command as the learner reads it: comments step back, `{{variables}}` stand out. */
export function CommandText({ text, comments = true }: { text: string; comments?: boolean }) {
  const lines = text.replace(/\n$/, '').split('\n');
  return lines.map((line, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: lines of a fixed text have no other identity
    <Fragment key={index}>
      {comments && /^\s*#/.test(line) ? <span className="comment">{line}</span> : <Variables line={line} />}
      {index < lines.length - 1 && '\n'}
    </Fragment>
  ));
}

function Variables({ line }: { line: string }) {
  return line.split(/(\{\{\s*\w+\s*\}\})/).map((part, index) =>
    index % 2 === 0 ? (
      part
    ) : (
      // biome-ignore lint/suspicious/noArrayIndexKey: parts of a fixed line have no other identity
      <span key={index} className="variable" title="The app fills this in when the step runs.">
        {part}
      </span>
    ),
  );
}
