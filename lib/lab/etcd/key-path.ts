// Keys as paths of names.

/** `/a/b`: one slash before each name, none at the end, `.` and `..` resolved. */
export function normalizePath(path: string): string {
  if (path.startsWith('/') && !path.endsWith('/') && !path.includes('//') && !path.includes('/.')) return path;
  const names: string[] = [];
  for (const name of path.split('/')) {
    if (name === '..') names.pop();
    else if (name !== '' && name !== '.') names.push(name);
  }
  return `/${names.join('/')}`;
}

/** The names on the way from the root; none for the root itself. */
export function splitKey(key: string): string[] {
  return key === '/' ? [] : key.slice(1).split('/');
}
