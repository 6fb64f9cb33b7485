/** YAML as a tree whose every value knows its line, for messages that point at the place. Capped against hostile input. */
import { EVENT_ID, type Event, getScalarValue, parseEvents, YAMLException } from 'js-yaml';

export type YamlNode = YamlScalar | YamlList | YamlMapping;

export interface YamlScalar {
  kind: 'scalar';
  line: number;
  /** The text as written, without its quotes: `true`, `4001` and `~` stay text. */
  text: string;
}

export interface YamlList {
  kind: 'list';
  line: number;
  items: YamlNode[];
}

export interface YamlMapping {
  kind: 'mapping';
  line: number;
  /** In the order of the file; a key that stands there twice is an error. */
  entries: Map<string, YamlEntry>;
}

export interface YamlEntry {
  line: number;
  value: YamlNode;
}

/** What is wrong with the text, and where; `line` counts from 1. */
export class CloudConfigError extends Error {
  override readonly name = 'CloudConfigError';
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

const maximumBytes = 64 * 1024;
/** A cloud-config is five levels deep; more than this could only be meant to exhaust the parser. */
const maximumDepth = 32;

/** The document, or null for one without content. Throws CloudConfigError. */
export function parseYaml(source: string): YamlNode | null {
  if (Buffer.byteLength(source) > maximumBytes) throw new CloudConfigError(1, `the file is longer than ${maximumBytes / 1024} KiB.`);
  refuseDeepNesting(source);
  const lineAt = lineCounter(source);
  const nodes: YamlNode[] = [];
  const open: (YamlList | YamlMapping | 'document')[] = [];
  const keys: (YamlScalar | null)[] = [];
  for (const event of readEvents(source)) {
    if (event.type === EVENT_ID.DOCUMENT) {
      if (nodes.length > 0) throw new CloudConfigError(nodes[0]!.line, 'there is more than one YAML document in the file.');
      open.push('document');
      keys.push(null);
    } else if (event.type === EVENT_ID.POP) {
      open.pop();
      keys.pop();
    } else {
      const node = createNode(event, source, lineAt);
      place(node);
      if (node.kind === 'scalar') continue;
      open.push(node);
      keys.push(null);
    }
  }
  return nodes[0] ?? null;

  function place(node: YamlNode): void {
    const parent = open.at(-1);
    if (parent === undefined || parent === 'document') {
      nodes.push(node);
    } else if (parent.kind === 'list') {
      parent.items.push(node);
    } else {
      const key = keys.at(-1)!;
      keys[keys.length - 1] = key === null ? asKey(node) : null;
      if (key === null) return;
      if (parent.entries.has(key.text)) throw new CloudConfigError(key.line, `\`${key.text}\` stands there twice.`);
      parent.entries.set(key.text, { line: key.line, value: node });
    }
  }
}

function readEvents(source: string): Event[] {
  try {
    return parseEvents(source, { maxDepth: maximumDepth });
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    throw new CloudConfigError((error.mark?.line ?? 0) + 1, `this is not YAML: ${error.reason}.`);
  }
}

function createNode(event: Event, source: string, lineAt: (offset: number) => number): YamlNode {
  if (event.type === EVENT_ID.SCALAR) {
    return { kind: 'scalar', line: lineAt(Math.max(event.valueStart, 0)), text: event.valueStart < 0 ? '' : getScalarValue(source, event) };
  }
  if (event.type === EVENT_ID.SEQUENCE) return { kind: 'list', line: lineAt(event.start), items: [] };
  if (event.type === EVENT_ID.MAPPING) return { kind: 'mapping', line: lineAt(event.start), entries: new Map() };
  const line = event.type === EVENT_ID.ALIAS ? lineAt(event.anchorStart) : 1;
  throw new CloudConfigError(line, 'aliases (*name) are not understood here; write the value out.');
}

function asKey(node: YamlNode): YamlScalar {
  if (node.kind === 'scalar') return node;
  throw new CloudConfigError(node.line, `a ${node.kind} cannot be the name of a setting.`);
}

/**
 * Looks at the brackets and at the dashes in front of each line before the parser does: one linear pass, blind to quotes,
 * so it only refuses what no cloud-config comes near.
 */
function refuseDeepNesting(source: string): void {
  let depth = 0;
  let line = 1;
  for (const character of source) {
    if (character === '\n') line += 1;
    if (character === '[' || character === '{') depth += 1;
    if (character === ']' || character === '}') depth = Math.max(0, depth - 1);
    if (depth > 4 * maximumDepth) throw new CloudConfigError(line, 'brackets are nested too deeply.');
  }
  const dashes = new RegExp(`^ *(?:[-?] +){${maximumDepth}}`, 'm').exec(source);
  if (dashes) throw new CloudConfigError(source.slice(0, dashes.index).split('\n').length, 'lists are nested too deeply.');
}

/** Offsets to lines; the offsets must not fall, as the parser's events do not. */
function lineCounter(source: string): (offset: number) => number {
  let line = 1;
  let counted = 0;
  return (offset) => {
    for (; counted < offset && counted < source.length; counted += 1) if (source[counted] === '\n') line += 1;
    return line;
  };
}
