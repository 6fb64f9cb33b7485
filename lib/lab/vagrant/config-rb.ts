/** config.rb, the settings file beside coreos-vagrant's Vagrantfile, as literal assignments to Ruby globals. */
import { parseAssignments, type RubyAssignment, RubyError, type RubyValue } from './ruby-literals.ts';

/** What the settings come to, whether they were set or not. */
export interface VagrantConfig {
  /** How many machines there are. */
  instances: number;
  channel: string;
  /** `core` gives core-01, core-02, … */
  namePrefix: string;
  /** The port of this computer that leads to the first machine's Docker API; null when it was not asked for. */
  exposeDockerTcp: number | null;
  /** What is set and changes nothing in the lab, in the file's order. */
  notices: ConfigNotice[];
}

export interface ConfigNotice {
  line: number;
  message: string;
}

/** A settings file that the lab cannot follow; the message says what it understands. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly path: string;
  readonly line: number;

  constructor(path: string, line: number, message: string) {
    super(message);
    this.path = path;
    this.line = line;
  }
}

const followed = ['$num_instances', '$update_channel', '$instance_name_prefix', '$expose_docker_tcp'];
/** Settings of coreos-vagrant's Vagrantfile that a machine of the lab has no use for, by what they are about. */
const withoutEffect: Record<string, string> = {
  ...aboutEach('the lab’s machines are not virtual ones and share this computer’s memory and processors.', [
    '$vb_memory',
    '$vb_cpus',
    '$vb_gui',
    '$vm_memory',
    '$vm_cpus',
    '$vm_gui',
    '$vb_cpuexecutioncap',
  ]),
  ...aboutEach('no folder of this computer is shared with the lab’s machines.', ['$shared_folders', '$share_home']),
  ...aboutEach('the lab forwards SSH, and Docker’s API by $expose_docker_tcp; an SSH tunnel reaches the rest.', ['$forwarded_ports']),
  ...aboutEach('the lab’s machines have no serial console; `journalctl` in them tells what they do.', ['$enable_serial_logging']),
  ...aboutEach('there is one box.', ['$image_version']),
  ...aboutEach('put the URL into user-data.', ['$new_discovery_url']),
};

/** The addresses end at 172.17.8.254; a lab of this size is the most that one computer should run. */
const maximumInstances = 9;
/** A settings file is a page of text. */
const maximumLength = 64 * 1024;
const understood =
  'The lab reads config.rb without running Ruby. It understands `$name = value` with numbers, \'text\', "text", true, false, nil, [lists] and {hashes} of these, and comments.';

/**
 * Reads config.rb's text; null when there is no such file. `environment` is the caller's: `NUM_INSTANCES` counts where the file
 * says nothing, as in the Vagrantfile. Throws ConfigError with the line.
 */
export function parseConfigRb(path: string, source: string | null, environment: Record<string, string | undefined> = {}): VagrantConfig {
  const assignments = source === null ? [] : readAssignments(path, source);
  const setting = <Value>(name: string, fallback: Value, kind: string, accept: (value: RubyValue) => value is RubyValue & Value) => {
    const assignment = assignments.findLast((candidate) => candidate.name === name);
    if (!assignment || assignment.value === null) return fallback;
    if (accept(assignment.value)) return assignment.value;
    throw new ConfigError(path, assignment.line, `${name} must be ${kind}.`);
  };
  const fromEnvironment = Number.parseInt(environment.NUM_INSTANCES ?? '', 10);
  return {
    instances: setting(
      '$num_instances',
      isInstances(fromEnvironment) ? fromEnvironment : 1,
      `a whole number from 1 to ${maximumInstances}`,
      isInstances,
    ),
    channel: setting<string>('$update_channel', 'alpha', "'alpha', 'beta' or 'stable'", isChannel),
    namePrefix: setting<string>('$instance_name_prefix', 'core', 'a name of letters, digits and dashes', isPrefix),
    exposeDockerTcp: setting<number | null>('$expose_docker_tcp', null, 'a port from 1024 to 65535', isPort),
    notices: assignments.flatMap(noticeOf),
  };
}

/** The samples set some to what they are anyway; that is nothing to speak of. */
function noticeOf({ name, value, line }: RubyAssignment): ConfigNotice[] {
  if (followed.includes(name) || value === null || value === false) return [];
  if (!Object.hasOwn(withoutEffect, name)) return [{ line, message: `${name} is not a setting of coreos-vagrant, and has no effect.` }];
  return [{ line, message: `${name} has no effect: ${withoutEffect[name]}` }];
}

function aboutEach(reason: string, names: string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, reason]));
}

/** `core-01`, `core-02`, … */
export function machineNames(config: VagrantConfig): string[] {
  return Array.from({ length: config.instances }, (_, index) => `${config.namePrefix}-${String(index + 1).padStart(2, '0')}`);
}

function readAssignments(path: string, source: string): RubyAssignment[] {
  if (source.length > maximumLength) throw new ConfigError(path, 1, `the file is longer than ${maximumLength / 1024} KiB.`);
  try {
    return parseAssignments(source);
  } catch (error) {
    if (error instanceof RubyError) throw new ConfigError(path, error.line, `${error.message} ${understood}`);
    throw error;
  }
}

function isInstances(value: RubyValue): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= maximumInstances;
}

function isChannel(value: RubyValue): value is string {
  return value === 'alpha' || value === 'beta' || value === 'stable';
}

function isPrefix(value: RubyValue): value is string {
  return typeof value === 'string' && /^[a-z][a-z0-9-]{0,30}$/i.test(value);
}

function isPort(value: RubyValue): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1024 && value <= 65_535;
}
