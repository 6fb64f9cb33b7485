/** A command or file as the learner reads it: comments step back, `{{variables}}` stand out. */
export function CommandText({ text, comments = true }: { text: string; comments?: boolean }) {
  const lines = text.replace(/\n$/, '').split('\n');
  return lines.map((line, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: lines of a fixed text have no other identity
    <span key={index} className={comments && /^\s*#/.test(line) ? 'line comment' : 'line'}>
      {line.split(/( +)/).map((word, at) =>
        at % 2 === 0 && word !== '' ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: words of a fixed line have no other identity
          <span key={at} className="word">
            <Variables text={word} />
          </span>
        ) : (
          word
        ),
      )}
      {index < lines.length - 1 && '\n'}
    </span>
  ));
}

function Variables({ text }: { text: string }) {
  return text.split(/(\{\{\s*\w+\s*\}\})/).map((part, index) =>
    index % 2 === 0 ? (
      part
    ) : (
      // biome-ignore lint/suspicious/noArrayIndexKey: parts of a fixed word have no other identity
      <span key={index} className="variable" title="The app fills this in when the step runs.">
        {part}
      </span>
    ),
  );
}
