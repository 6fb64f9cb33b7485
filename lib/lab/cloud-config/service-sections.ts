/** `coreos.etcd`, `coreos.etcd2` and `coreos.fleet`: what the lab follows of them, and a notice for the rest. */
import { parseTimeSpan } from '#lib/lab/systemd/time-span.ts';
import type { Notice } from './cloud-config.ts';
import { CloudConfigError, type YamlEntry, type YamlNode, type YamlScalar } from './yaml-tree.ts';
import { isEmpty, scalar, settings, text } from './yaml-values.ts';

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
  /** `agent_ttl` in seconds: how long a machine may be silent before its units are moved. Null for fleet's own 30. */
  agentTtl: number | null;
  /** `engine_reconcile_interval`; null for fleet's own 2 seconds. */
  reconcileSeconds: number | null;
  /** FLEET_PUBLIC_IP and so on. */
  environment: Record<string, string>;
}

export const fleetDefaults: FleetConfig = { publicIp: null, metadata: {}, agentTtl: null, reconcileSeconds: null, environment: {} };

/** Followed, or true in the lab whatever they say, as long as the ports are the usual ones. */
const etcdSettings = {
  etcd: ['discovery', 'addr', 'peer_addr', 'bind_addr', 'peer_bind_addr'],
  etcd2: ['discovery', 'advertise_client_urls', 'initial_advertise_peer_urls', 'listen_client_urls', 'listen_peer_urls'],
};
const clientSettings = new Set(['addr', 'bind_addr', 'advertise_client_urls', 'listen_client_urls']);
const fleetSettings = ['public_ip', 'metadata', 'agent_ttl', 'engine_reconcile_interval'];

export function readEtcd(service: 'etcd' | 'etcd2', node: YamlNode, address: string, notices: Notice[]): EtcdConfig {
  const entries = isEmpty(node) ? [] : settings(node, `coreos.${service}`);
  const value = (name: string) => entries.find(([key]) => key === name)?.[1];
  const discovery = value('discovery');
  const peer = value(service === 'etcd' ? 'peer_addr' : 'initial_advertise_peer_urls')?.value;
  const peerText = peer ? text(peer, 'peer address').split(',')[0]!.trim() : '';
  for (const [key, entry] of entries) {
    if (!etcdSettings[service].includes(key)) notices.push(withoutEffect(`coreos.${service}`, key, entry));
    else if (clientSettings.has(key) && hasOddPort(text(entry.value, key))) {
      notices.push({ line: entry.line, message: `etcd answers at the ports 4001 and 2379, whatever ${written(key)} says.` });
    }
  }
  return {
    service,
    discovery: discovery && !isEmpty(discovery.value) ? { url: text(discovery.value, 'discovery'), line: discovery.line } : null,
    peerUrl: peerText === '' ? `http://${address}:${service === 'etcd' ? 7001 : 2380}` : withScheme(peerText),
    environment: serviceEnvironment('ETCD', entries),
  };
}

export function readFleet(node: YamlNode, notices: Notice[]): FleetConfig {
  const entries = isEmpty(node) ? [] : settings(node, 'coreos.fleet');
  const value = (name: string) => {
    const found = entries.find(([key]) => key === name)?.[1].value;
    return found && !isEmpty(found) ? scalar(found, written(name)) : null;
  };
  for (const [key, entry] of entries) if (!fleetSettings.includes(key)) notices.push(withoutEffect('coreos.fleet', key, entry));
  const [metadata, ttl, interval] = [value('metadata'), value('agent_ttl'), value('engine_reconcile_interval')];
  return {
    publicIp: value('public_ip')?.text ?? null,
    metadata: metadata ? readMetadata(metadata) : {},
    agentTtl: ttl && readDuration(ttl),
    reconcileSeconds: interval && readSeconds(interval),
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

/** As Go writes durations; a unit is a must. Seconds. */
function readDuration({ text, line }: YamlScalar): number {
  const milliseconds = /^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text) ? parseTimeSpan(text) : null;
  if (milliseconds === null || milliseconds < 1000) {
    throw new CloudConfigError(line, `agent-ttl is a duration of at least a second, such as 30s; \`${text}\` is not.`);
  }
  return milliseconds / 1000;
}

function readSeconds({ text, line }: YamlScalar): number {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0;
  if (seconds > 0 && seconds <= 3600) return seconds;
  throw new CloudConfigError(line, `engine-reconcile-interval is a number of seconds, such as 2; \`${text}\` is not.`);
}

function withoutEffect(section: string, key: string, { line }: YamlEntry): Notice {
  return { line, message: `${section}.${written(key)} has no effect in the lab.` };
}

/** The usual spelling; in the file, underscores may stand for the dashes. */
function written(key: string): string {
  return key.replaceAll('_', '-');
}

function hasOddPort(addresses: string): boolean {
  return addresses.split(',').some((address) => /:\d+$/.test(address.trim()) && !/:(4001|2379)$/.test(address.trim()));
}

function withScheme(address: string): string {
  return /^https?:\/\//.test(address) ? address : `http://${address}`;
}

function serviceEnvironment(prefix: string, entries: [string, YamlEntry][]): Record<string, string> {
  return Object.fromEntries(entries.map(([key, { value }]) => [`${prefix}_${key.toUpperCase()}`, text(value, key)]));
}
