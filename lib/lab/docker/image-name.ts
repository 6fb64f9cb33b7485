// The names that people write for images, such as `pandapup/coreos_reflector:latest`.

export interface ImageName {
  /** `pandapup/coreos_reflector`; official images have one word. */
  repository: string;
  tag: string;
}

const segment = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const pattern = new RegExp(`^(${segment}(?:/${segment})*)(?::([\\w][\\w.-]{0,127}))?$`);

/** Docker Hub's own prefixes are dropped, as Docker does. Throws on a name that cannot be one. */
export function parseImageName(text: string, tag = ''): ImageName {
  const short = text.replace(/^(?:index\.)?docker\.io\/(?:library\/)?/, '');
  const match = text.length <= 255 ? pattern.exec(short) : null;
  if (!match) throw new Error('invalid reference format');
  return { repository: match[1]!, tag: tag || match[2] || 'latest' };
}

export function formatImageName(name: ImageName): string {
  return `${name.repository}:${name.tag}`;
}
