// fleetctl's flags: those for every command and those of each one, as of fleet 1.0.

export interface Flag {
  name: string;
  /** One letter that older versions accept for it. */
  letter?: string;
  kind: 'string' | 'boolean' | 'number';
  /** Shown by `help`; no default when absent. */
  value?: string | boolean | number;
  text: string;
}

export interface Command {
  summary: string;
  usage: string;
  flags: Flag[];
}

const text = (name: string, description: string, value = ''): Flag => ({ name, kind: 'string', value, text: description });
const yes = (name: string, description: string, letter?: string): Flag => ({
  name,
  kind: 'boolean',
  value: false,
  text: description,
  ...(letter ? { letter } : {}),
});
const count = (name: string, description: string, value: number): Flag => ({ name, kind: 'number', value, text: description });

export const globalFlags: Flag[] = [
  text('driver', 'how to talk to fleet; only API is supported', 'API'),
  text('endpoint', "fleet API's address, unix:///path or http://host:port", 'unix:///var/run/fleet.sock'),
  text('tunnel', 'reach fleet through an SSH connection to HOST[:PORT]'),
  text('ssh-username', 'user of SSH connections', 'core'),
  text('known-hosts-file', 'where the keys of SSH hosts are kept', '~/.fleetctl/known_hosts'),
  { ...yes('strict-host-key-checking', 'check the keys of SSH hosts'), value: true },
  count('ssh-timeout', 'seconds within which an SSH connection must be up', 10),
  count('request-timeout', 'seconds that a single request may take', 3),
  text('etcd-key-prefix', 'for the etcd driver', '/_coreos.com/fleet/'),
  ...['ca-file', 'cert-file', 'key-file', 'etcd-cafile', 'etcd-certfile', 'etcd-keyfile'].map((name) => text(name, 'for the etcd driver')),
  yes('experimental-api', 'without effect; the API is the default'),
  yes('debug', 'without effect'),
  yes('version', 'print the version', 'v'),
  yes('help', 'print help', 'h'),
];

const listFlags = [yes('full', 'do not shorten IDs and hashes', 'l'), yes('no-legend', 'no column headings')];
const sign = yes('sign', 'gone: units cannot be signed any more');
const replace = yes('replace', 'replace units of the cluster that differ from the local file');
const blocking = [
  yes('no-block', 'do not wait until the units are there'),
  count('block-attempts', 'how often to look before giving up; 0 for ever', 0),
];
const sudo = yes('sudo', 'run journalctl with sudo');
const sshPort = count('ssh-port', "the machine's SSH port", 22);

export const commands: Record<string, Command> = {
  cat: { summary: "Print a unit file's contents", usage: 'UNIT', flags: [] },
  destroy: { summary: 'Destroy units: stop them and take their files out of the cluster', usage: 'UNIT...', flags: [] },
  'fd-forward': { summary: 'Connect standard input and output to a Unix socket', usage: 'SOCKET', flags: [] },
  help: { summary: 'Print the commands, or help for one of them', usage: '[COMMAND]', flags: [] },
  journal: {
    summary: "Print a unit's journal",
    usage: '[--lines=N] [--follow] UNIT',
    flags: [
      count('lines', 'how many of the last lines to print', 10),
      yes('follow', 'go on printing what is added', 'f'),
      text('output', "journalctl's output format", 'short'),
      sudo,
      sshPort,
    ],
  },
  'list-machines': {
    summary: 'List the machines of the cluster',
    usage: '[-l|--full] [--no-legend] [--fields]',
    flags: [...listFlags, text('fields', 'columns: machine, ip, metadata', 'machine,ip,metadata')],
  },
  'list-unit-files': {
    summary: 'List the units that the cluster knows',
    usage: '[--fields]',
    flags: [...listFlags, text('fields', 'columns: desc, dstate, global, hash, state, target, unit', 'unit,hash,dstate,state,target')],
  },
  'list-units': {
    summary: "List the units that are loaded, with systemd's view of them",
    usage: '[--no-legend] [-l|--full] [--fields]',
    flags: [...listFlags, text('fields', 'columns: active, hash, load, machine, sub, unit', 'unit,machine,active,sub')],
  },
  load: {
    summary: 'Load units on machines without starting them',
    usage: '[--no-block|--block-attempts=N] UNIT...',
    flags: [...blocking, sign, replace],
  },
  restart: { summary: 'Stop units and start them again', usage: '[--no-block|--block-attempts=N] UNIT...', flags: blocking },
  ssh: {
    summary: "Open a shell on a machine or on a unit's machine, or run a command there",
    usage: '[-A|--forward-agent] [--machine|--unit] {MACHINE|UNIT} [COMMAND]',
    flags: [
      { ...text('machine', 'the ID of a machine'), letter: 'm' },
      { ...text('unit', 'the name of a unit'), letter: 'u' },
      yes('forward-agent', 'let the machine ask your ssh-agent', 'A'),
      sshPort,
    ],
  },
  start: {
    summary: 'Start units, submitting and loading them first if need be',
    usage: '[--no-block|--block-attempts=N] UNIT...',
    flags: [...blocking, sign, replace],
  },
  status: { summary: "Print systemd's status of units", usage: 'UNIT...', flags: [sshPort] },
  stop: { summary: 'Stop units; they stay loaded', usage: '[--no-block|--block-attempts=N] UNIT...', flags: blocking },
  submit: { summary: 'Put units into the cluster without starting them', usage: 'UNIT...', flags: [sign, replace] },
  unload: { summary: 'Take units off their machines', usage: '[--no-block|--block-attempts=N] UNIT...', flags: blocking },
  verify: { summary: 'Gone: units cannot be signed any more', usage: 'UNIT', flags: [] },
  version: { summary: 'Print the version', usage: '', flags: [] },
};
