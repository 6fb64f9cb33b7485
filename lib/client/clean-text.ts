/** Controls, bidirectional overrides and invisible characters: what a reader does not see must not reach a shell by copy or paste. */
const hidden = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/g;

/** The text without anything invisible; tabs and line ends stay. */
export function cleanText(text: string): string {
  return text.replace(hidden, '');
}
