const delimited = /^\/\^(.*)\$\/$/;

/**
 * What a line of an `expect` block must match when it is a regular expression: `/^` begins it and `$/` ends it, so that no path is taken for
 * one. Null for any other line.
 * @throws SyntaxError in the words of the JavaScript engine
 */
export function samplePattern(line: string): RegExp | null {
  const body = delimited.exec(line.trimEnd())?.[1];
  return body === undefined ? null : new RegExp(`^(?:${body})$`, 'u');
}
