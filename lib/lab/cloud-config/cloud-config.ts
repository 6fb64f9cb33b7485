/** A machine's user-data, as coreos-cloudinit reads it: what to start, and with which settings. */
import { substitute } from './substitute.ts';
import { CloudConfigError, parseYaml, type YamlMapping, type YamlNode, type YamlScalar } from './yaml-tree.ts';

export interface CloudConfig {
  hostname: string | null;
  etcd: EtcdConfig | null;
  fleet: FleetConfig | null;
  units: CloudUnit[];
  writeFiles: CloudFile[];
  authorizedKeys: string[];
  /** Keys that coreos-cloudinit knows and the lab has no use for, such as `coreos.update`. */
  ignored: string[];
}

export interface EtcdConfig {
  /** The spelling of the section, and of the unit that it configures: `etcd` until 2015, `etcd2` after. */
  service: 'etcd' | 'etcd2';
  /** The discovery URL as written, and its line; null when the file names none. */
  discovery: { url: string; line: number } | null;
  /** The URL under which other members reach this one. */
  peerUrl: string;
  /** Every setting, as the environment of the service: ETCD_ADDR and so on. */
  environment: Record<string, string>;
}

export interface FleetConfig {
  publicIp: string | null;
  metadata: Record<string, string>;
  /** FLEET_PUBLIC_IP and so on. */
  environment: Record<string, string>;
}

export interface CloudUnit {
  name: string;
  content: string | null;
  command: UnitCommand | null;
  enable: boolean;
  mask: boolean;
  dropIns: { name: string; content: string }[];
  line: number;
}

export type UnitCommand = (typeof unitCommands)[number];

export interface CloudFile {
  path: string;
  content: string;
  /** Permission bits. */
  mode: number;
}

const unitCommands = ['start', 'stop', 'restart', 'reload', 'try-restart', 'reload-or-restart', 'reload-or-try-restart'] as const;
const unused = new Set(['users', 'manage_etc_hosts', 'coreos.flannel', 'coreos.locksmith', 'coreos.oem', 'coreos.update']);
const known = 'hostname, ssh_authorized_keys, write_files and coreos: etcd, etcd2, fleet, units';

/** Reads user-data for the machine with this address. Throws CloudConfigError with the line. */
export function parseCloudConfig(source: string, addresses: { publicIpv4: string; privateIpv4: string }): CloudConfig {
  if (!/^#cloud-config[ \t]*\r?(\n|$)/.test(source)) {
    throw new CloudConfigError(1, 'the first line must be `#cloud-config`; scripts as user-data are not understood.');
  }
  const config: CloudConfig = { hostname: null, etcd: null, fleet: null, units: [], writeFiles: [], authorizedKeys: [], ignored: [] };
  const root = parseYaml(substitute(source, addresses));
  if (root === null || isEmpty(root)) return config;
  for (const [key, { line, value }] of settings(root, 'the file')) {
    if (key === 'hostname') config.hostname = hostname(value);
    else if (key === 'ssh_authorized_keys') config.authorizedKeys = items(value, key).map((item) => text(item, key));
    else if (key === 'write_files') config.writeFiles = items(value, key).map(readFile);
    else if (key === 'coreos') readCoreos(value, addresses.privateIpv4, config);
    else refuseUnlessUnused(key, line, config);
  }
  return config;
}

function readCoreos(node: YamlNode, address: string, config: CloudConfig): void {
  if (isEmpty(node)) return;
  for (const [key, { line, value }] of settings(node, 'coreos')) {
    if (key === 'etcd' || key === 'etcd2') config.etcd = readEtcd(key, value, address);
    else if (key === 'fleet') config.fleet = readFleet(value);
    else if (key === 'units') config.units = items(value, 'coreos.units').map(readUnit);
    else refuseUnlessUnused(`coreos.${key}`, line, config);
  }
}

function refuseUnlessUnused(key: string, line: number, config: CloudConfig): void {
  if (!unused.has(key)) throw new CloudConfigError(line, `\`${key}\` is not understood. The lab knows ${known}.`);
  config.ignored.push(key);
}

function readEtcd(service: 'etcd' | 'etcd2', node: YamlNode, address: string): EtcdConfig {
  const entries = isEmpty(node) ? [] : settings(node, `coreos.${service}`);
  const value = (name: string) => entries.find(([key]) => key === name)?.[1];
  const discovery = value('discovery');
  const peer = value(service === 'etcd' ? 'peer_addr' : 'initial_advertise_peer_urls')?.value;
  const peerText = peer ? text(peer, 'peer address').split(',')[0]!.trim() : '';
  return {
    service,
    discovery: discovery && !isEmpty(discovery.value) ? { url: text(discovery.value, 'discovery'), line: discovery.line } : null,
    peerUrl: peerText === '' ? `http://${address}:${service === 'etcd' ? 7001 : 2380}` : withScheme(peerText),
    environment: serviceEnvironment('ETCD', entries),
  };
}

function readFleet(node: YamlNode): FleetConfig {
  const entries = isEmpty(node) ? [] : settings(node, 'coreos.fleet');
  const metadata = entries.find(([key]) => key === 'metadata')?.[1].value;
  const publicIp = entries.find(([key]) => key === 'public_ip')?.[1].value;
  return {
    publicIp: publicIp && !isEmpty(publicIp) ? text(publicIp, 'public-ip') : null,
    metadata: metadata && !isEmpty(metadata) ? readMetadata(scalar(metadata, 'metadata')) : {},
    environment: serviceEnvironment('FLEET', entries),
  };
}

/** `region=us-east-1,disk=ssd` */
function readMetadata({ text, line }: YamlScalar): Record<string, string> {
  const pairs: Record<string, string> = Object.create(null);
  for (const part of text.split(',').filter((part) => part.trim() !== '')) {
    const match = /^\s*([^=\s]+)\s*=\s*(.*?)\s*$/.exec(part);
    if (!match) throw new CloudConfigError(line, `metadata is written key=value,key=value; \`${part.trim()}\` is not.`);
    pairs[match[1]!] = match[2]!;
  }
  return { ...pairs };
}

function readUnit(node: YamlNode): CloudUnit {
  const unit: CloudUnit = { name: '', content: null, command: null, enable: false, mask: false, dropIns: [], line: node.line };
  for (const [key, { line, value }] of settings(node, 'coreos.units')) {
    if (key === 'name') unit.name = unitName(scalar(value, 'name'));
    else if (key === 'content') unit.content = text(value, key);
    else if (key === 'command') unit.command = unitCommand(scalar(value, key));
    else if (key === 'enable') unit.enable = boolean(scalar(value, key));
    else if (key === 'mask') unit.mask = boolean(scalar(value, key));
    else if (key === 'drop_ins') unit.dropIns = items(value, key).map(readDropIn);
    else if (key !== 'runtime')
      throw new CloudConfigError(
        line,
        `\`${key}\` is not a setting of a unit. There are name, content, command, enable, runtime, mask and drop-ins.`,
      );
  }
  if (unit.name === '') throw new CloudConfigError(node.line, 'this unit has no name.');
  return unit;
}

function readDropIn(node: YamlNode): { name: string; content: string } {
  const entries = new Map(settings(node, 'drop-ins'));
  const [name, content] = [entries.get('name'), entries.get('content')];
  if (!name || !content) throw new CloudConfigError(node.line, 'a drop-in needs a name and a content.');
  return { name: text(name.value, 'name'), content: text(content.value, 'content') };
}

function readFile(node: YamlNode): CloudFile {
  const entries = new Map(settings(node, 'write_files'));
  const value = (key: string) => {
    const entry = entries.get(key);
    return entry && !isEmpty(entry.value) ? scalar(entry.value, key) : null;
  };
  const path = value('path');
  if (!path) throw new CloudConfigError(node.line, 'this file has no path.');
  if (!path.text.startsWith('/') || path.text.includes('\0'))
    throw new CloudConfigError(path.line, `\`${path.text}\` must begin with a slash.`);
  const permissions = value('permissions');
  if (permissions && !/^0?[0-7]{3}$/.test(permissions.text)) {
    throw new CloudConfigError(permissions.line, `permissions are octal, such as 0644; \`${permissions.text}\` is not.`);
  }
  const encoding = value('encoding');
  if (encoding && !/^(base64|b64)$/.test(encoding.text)) {
    throw new CloudConfigError(encoding.line, `the encoding \`${encoding.text}\` is not understood; base64 is.`);
  }
  const content = value('content')?.text ?? '';
  return {
    path: path.text,
    content: encoding ? Buffer.from(content, 'base64').toString() : content,
    mode: permissions ? Number.parseInt(permissions.text, 8) : 0o644,
  };
}

/** Dashes and underscores mean the same in a key, as in coreos-cloudinit. */
function settings(node: YamlNode, place: string): [string, YamlMapping['entries'] extends Map<string, infer Entry> ? Entry : never][] {
  if (node.kind !== 'mapping') throw new CloudConfigError(node.line, `${place} must be a list of \`name: value\` lines.`);
  return [...node.entries].map(([key, entry]) => [key.replaceAll('-', '_'), entry]);
}

function items(node: YamlNode, place: string): YamlNode[] {
  if (isEmpty(node)) return [];
  if (node.kind !== 'list') throw new CloudConfigError(node.line, `${place} must be a list; its items begin with a dash.`);
  return node.items;
}

function scalar(node: YamlNode, place: string): YamlScalar {
  if (node.kind !== 'scalar') throw new CloudConfigError(node.line, `${place} must be a single value, not a ${node.kind}.`);
  return node;
}

function text(node: YamlNode, place: string): string {
  return scalar(node, place).text;
}

function boolean({ text, line }: YamlScalar): boolean {
  if (/^(true|yes|on)$/i.test(text)) return true;
  if (/^(false|no|off)$/i.test(text)) return false;
  throw new CloudConfigError(line, `\`${text}\` must be true or false.`);
}

function hostname(node: YamlNode): string {
  const { text, line } = scalar(node, 'hostname');
  if (!/^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/i.test(text)) throw new CloudConfigError(line, `\`${text}\` is not a host name.`);
  return text;
}

function unitName({ text, line }: YamlScalar): string {
  if (/^[\w:.@\\-]{1,255}\.(service|socket|timer|path|device|mount|automount|target|network|netdev|link)$/.test(text)) return text;
  throw new CloudConfigError(line, `\`${text}\` is not a unit's name; it ends in .service, .socket or another of systemd's kinds.`);
}

function unitCommand({ text, line }: YamlScalar): UnitCommand {
  const command = unitCommands.find((candidate) => candidate === text);
  if (command) return command;
  throw new CloudConfigError(line, `\`${text}\` is not a command for a unit. There are ${unitCommands.join(', ')}.`);
}

function isEmpty(node: YamlNode): boolean {
  return node.kind === 'scalar' && (node.text === '' || node.text === '~' || node.text === 'null');
}

function withScheme(address: string): string {
  return /^https?:\/\//.test(address) ? address : `http://${address}`;
}

function serviceEnvironment(prefix: string, entries: [string, { value: YamlNode }][]): Record<string, string> {
  return Object.fromEntries(entries.map(([key, { value }]) => [`${prefix}_${key.toUpperCase()}`, text(value, key)]));
}
