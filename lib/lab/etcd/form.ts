// Query strings and form bodies, read as Go's net/http reads them: etcd's own parser, so also its error texts.

/** What a Go server takes as a form at most. */
export const longestForm = 10 * 1024 * 1024;

export interface Form {
  /** First value of a parameter; undefined when it was not sent. */
  get(name: string): string | undefined;
  /** What was wrong, if anything; the rest is read all the same. */
  error: string | undefined;
}

/**
 * Parameters of the body win over those of the query.
 *
 * @param body one character for each byte
 */
export function readForm(query: string, body: string | undefined, contentType: string | undefined): Form {
  if (query === '' && !body) return noForm;
  const values = new Map<string, string>();
  let error: string | undefined;
  if (body && isUrlEncoded(contentType)) {
    if (body.length > longestForm) error = 'http: POST too large';
    else error = readPairs(body, values);
  } else if (body && contentType?.toLowerCase().startsWith('multipart/form-data')) {
    error = 'send the form as application/x-www-form-urlencoded, multipart/form-data is not read here';
  }
  const queryError = readPairs(query, values);
  return { get: (name) => values.get(name), error: error ?? queryError };
}

/** Of a request without parameters. */
export const noForm: Form = { get: () => undefined, error: undefined };

/** Undoes percent signs in a path; bytes become UTF-8. Undefined when an escape is broken. */
export function decodePath(path: string): string | undefined {
  const decoded = undoEscapes(path, false);
  return 'text' in decoded ? decoded.text : undefined;
}

function isUrlEncoded(contentType = ''): boolean {
  return contentType.split(';')[0]!.trim().toLowerCase() === 'application/x-www-form-urlencoded';
}

function readPairs(text: string, values: Map<string, string>): string | undefined {
  let error: string | undefined;
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    if (pair.includes(';')) {
      error = 'invalid semicolon separator in query';
      continue;
    }
    const at = pair.indexOf('=');
    const name = undoEscapes(at < 0 ? pair : pair.slice(0, at), true);
    const value = undoEscapes(at < 0 ? '' : pair.slice(at + 1), true);
    if ('bad' in name) error ??= `invalid URL escape "${name.bad}"`;
    else if ('bad' in value) error ??= `invalid URL escape "${value.bad}"`;
    else if (!values.has(name.text)) values.set(name.text, value.text);
  }
  return error;
}

/** `text` has one character for each byte, as Node gives URLs. */
function undoEscapes(text: string, plusIsSpace: boolean): { text: string } | { bad: string } {
  if (/^[\w./~-]*$/.test(text)) return { text };
  const bad = /%(?![0-9A-Fa-f]{2}).{0,2}/s.exec(text);
  if (bad) return { bad: bad[0] };
  const spaced = plusIsSpace ? text.replaceAll('+', ' ') : text;
  const bytes = spaced.replace(/%(..)/gs, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return { text: Buffer.from(bytes, 'latin1').toString('utf8') };
}
