/** Fills in the machine's addresses, on the whole text and before it is parsed, as coreos-cloudinit does; `\$public_ipv4` stays as written. */
export function substitute(source: string, addresses: { publicIpv4: string; privateIpv4: string }): string {
  return source.replace(/(\\?)\$(public|private)_ipv4/g, (match, backslash: string, which: string) => {
    if (backslash !== '') return match.slice(1);
    return which === 'public' ? addresses.publicIpv4 : addresses.privateIpv4;
  });
}
