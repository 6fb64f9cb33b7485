/** A machine's user-data, as coreos-cloudinit reads it: what to start, and with which settings. */
import { type CloudFile, readFile, readUpdate } from './files-section.ts';
import { type EtcdConfig, type FleetConfig, readEtcd, readFleet } from './service-sections.ts';
import { substitute } from './substitute.ts';
import { type CloudUnit, readUnit } from './units-section.ts';
import { CloudConfigError, parseYaml, type YamlNode } from './yaml-tree.ts';
import { isEmpty, items, scalar, settings, text } from './yaml-values.ts';

export interface CloudConfig {
  etcd: EtcdConfig | null;
  fleet: FleetConfig | null;
  units: CloudUnit[];
  writeFiles: CloudFile[];
  authorizedKeys: string[];
  /** What coreos-cloudinit would follow and the lab does not, in the file's order. */
  notices: Notice[];
}

/** Something that the reader of the file may wonder about, and its line. */
export interface Notice {
  line: number;
  message: string;
}

export interface Addresses {
  publicIpv4: string;
  privateIpv4: string;
}

/** Keys that coreos-cloudinit knows, and why nothing comes of them here. */
const withoutEffect: Record<string, string> = {
  manage_etc_hosts: 'names are not looked up in /etc/hosts in the lab.',
  'coreos.flannel': 'the lab’s machines have no flannel.',
  'coreos.locksmith': 'the lab’s machines are never updated, so nothing reboots them.',
  'coreos.oem': 'the lab’s machines have no vendor.',
};
const known = 'hostname, users, ssh_authorized_keys, write_files and coreos: etcd, etcd2, fleet, units, update';
const userSettings = new Set(['name', 'ssh_authorized_keys']);

/** Reads user-data for the machine with these addresses. Throws CloudConfigError with the line. */
export function parseCloudConfig(source: string, addresses: Addresses): CloudConfig {
  if (!/^#cloud-config[ \t]*\r?(\n|$)/.test(source)) {
    throw new CloudConfigError(1, 'the first line must be `#cloud-config`; scripts as user-data are not understood.');
  }
  const config: CloudConfig = { etcd: null, fleet: null, units: [], writeFiles: [], authorizedKeys: [], notices: [] };
  const filled = substitute(source, addresses, (name, line) =>
    config.notices.push({ line, message: `${name} is empty: a machine of the lab has no such address.` }),
  );
  const root = parseYaml(filled);
  if (root === null || isEmpty(root)) return config;
  for (const [key, { line, value }] of settings(root, 'the file')) {
    if (key === 'hostname') checkHostname(value, config);
    else if (key === 'ssh_authorized_keys') config.authorizedKeys.push(...items(value, key).map((item) => text(item, key)));
    else if (key === 'users') for (const item of items(value, key)) readUser(item, config);
    else if (key === 'write_files') config.writeFiles.push(...items(value, key).map(readFile));
    else if (key === 'coreos') readCoreos(value, addresses.privateIpv4, config);
    else refuseUnlessKnown(key, line, config);
  }
  return config;
}

function readCoreos(node: YamlNode, address: string, config: CloudConfig): void {
  if (isEmpty(node)) return;
  for (const [key, { line, value }] of settings(node, 'coreos')) {
    if (key === 'etcd' || key === 'etcd2') config.etcd = readEtcd(key, value, address, config.notices);
    else if (key === 'fleet') config.fleet = readFleet(value, config.notices);
    else if (key === 'units') config.units = items(value, 'coreos.units').map(readUnit);
    else if (key === 'update') config.writeFiles.push(readUpdate(value));
    else refuseUnlessKnown(`coreos.${key}`, line, config);
  }
}

function refuseUnlessKnown(key: string, line: number, { notices }: CloudConfig): void {
  if (!Object.hasOwn(withoutEffect, key)) throw new CloudConfigError(line, `\`${key}\` is not understood. The lab knows ${known}.`);
  notices.push({ line, message: `${key.replaceAll('_', '-')} has no effect: ${withoutEffect[key]}` });
}

function checkHostname(node: YamlNode, { notices }: CloudConfig): void {
  const { text: name, line } = scalar(node, 'hostname');
  if (!/^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/i.test(name)) throw new CloudConfigError(line, `\`${name}\` is not a host name.`);
  notices.push({ line, message: 'hostname has no effect: a machine of the lab keeps the name that the Vagrantfile gives it.' });
}

/** There is one user, core; who is named so may have more keys. */
function readUser(node: YamlNode, { authorizedKeys, notices }: CloudConfig): void {
  const entries = settings(node, 'users');
  const name = entries.find(([key]) => key === 'name')?.[1];
  if (!name || isEmpty(name.value)) throw new CloudConfigError(node.line, 'this user has no name.');
  const who = scalar(name.value, 'name').text;
  if (who !== 'core') {
    notices.push({ line: node.line, message: `the user ${who} is not made: the lab’s machines have no user but core.` });
    return;
  }
  for (const [key, { line, value }] of entries) {
    if (key === 'ssh_authorized_keys') authorizedKeys.push(...items(value, key).map((item) => text(item, key)));
    else if (!userSettings.has(key))
      notices.push({ line, message: `${key.replaceAll('_', '-')} of the user core has no effect in the lab.` });
  }
}
