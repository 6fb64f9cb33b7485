/** A sentence in which `backticks` mark what is code. */
export function InlineCode({ text }: { text: string }) {
  return text.split('`').map((part, index, parts) => {
    if (index % 2 === 0) return part;
    if (index === parts.length - 1) return `\`${part}`; // a backtick without its partner
    // biome-ignore lint/suspicious/noArrayIndexKey: parts of a fixed sentence have no other identity
    return <code key={index}>{part}</code>;
  });
}
