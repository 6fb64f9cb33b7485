/**
 * Fills in the machine's addresses, on the whole text and before it is parsed, as coreos-cloudinit does; `\$public_ipv4` stays as written.
 * `onMissing` is told of an address that the machine does not have, with its line; nothing stands there then.
 */
export function substitute(
  source: string,
  addresses: { publicIpv4: string; privateIpv4: string },
  onMissing: (name: string, line: number) => void,
): string {
  const lineAt = (offset: number) => source.slice(0, offset).split('\n').length;
  return source.replace(
    /(\\?)\$(public|private)_ipv([46])/g,
    (match, backslash: string, which: string, version: string, offset: number) => {
      if (backslash !== '') return match.slice(1);
      if (version === '4') return which === 'public' ? addresses.publicIpv4 : addresses.privateIpv4;
      if (!/^[ \t]*#[^\n]*$/.test(source.slice(source.lastIndexOf('\n', offset) + 1, offset))) onMissing(match, lineAt(offset));
      return '';
    },
  );
}
