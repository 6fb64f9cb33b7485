// fleet's page tokens: limit and page number, two bytes each, in URL-safe base64.

export const pageSize = 100;

/** The page that a request asks for, from 1; or what is wrong with its token. */
export function readPage(tokens: string[]): { page: number } | { problem: string } {
  const [token] = tokens;
  if (tokens.length > 1) return { problem: 'too many values for page token' };
  if (token === undefined) return { page: 1 };
  const bad = token.search(/[^A-Za-z0-9_=-]/);
  if (bad >= 0 || !/^[^=]{6}==$/.test(token)) {
    return { problem: `illegal base64 data at input byte ${bad >= 0 ? bad : Math.min(token.length, 8)}` };
  }
  const bytes = Buffer.from(token, 'base64url');
  if (bytes.readUInt16LE(0) !== pageSize) return { problem: `token limit must be ${pageSize}` };
  const page = bytes.readUInt16LE(2);
  return page === 0 ? { problem: 'token page must be greater than zero' } : { page };
}

/** The items of a page and the token of the next; after exactly full pages there is one empty one, as in fleet. */
export function takePage<T>(items: readonly T[], page: number): { items: T[]; nextPageToken: string | undefined } {
  const start = (page - 1) * pageSize;
  const isLast = items.length < start + pageSize;
  return { items: items.slice(start, start + pageSize), nextPageToken: isLast ? undefined : writeToken(page + 1) };
}

function writeToken(page: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt16LE(pageSize, 0);
  bytes.writeUInt16LE(page, 2);
  return bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}
