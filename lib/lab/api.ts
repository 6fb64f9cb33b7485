/** What the lab answers on its socket (HTTP over a Unix socket): asked by `vagrant` and by the app's server. */

/** `GET /` */
export interface LabStatus {
  /** Base URL of the discovery service: `http://127.0.0.1:8087`. */
  discovery: string;
  /** Why machines or containers run without a sandbox: a part of a sentence. Null when they have one. */
  unsandboxed: string | null;
  /** By name; machines that were destroyed, or never made, are not listed. */
  machines: MachineStatus[];
}

export interface MachineStatus {
  name: string;
  /** Vagrant's own id: 32 hexadecimal digits. */
  id: string;
  /** The folder of the Vagrantfile that it was made from. */
  directory: string;
  state: MachineState;
  /** The port on 127.0.0.1 that leads to the machine's SSH server; where it was last while the machine is off. */
  sshPort: number;
  /** Virtual: `172.17.8.101`. */
  address: string;
  /** The private key that opens the machine. */
  identityFile: string;
  /** The port on 127.0.0.1 that leads to the machine's etcd; null while it does not run. */
  etcdPort: number | null;
  /** Every port of this computer that leads into the machine. */
  forwardedPorts: ForwardedPort[];
  provisioned: boolean;
}

export type MachineState = 'running' | 'poweroff' | 'saved';

export interface ForwardedPort {
  guest: number;
  host: number;
}

/** `POST /machines/<name>/<action>`; the answer is a stream of `ActionMessage`s, one JSON text per line. */
export interface ActionRequest {
  /** The folder of the Vagrantfile. */
  directory: string;
  /** From 1; the address follows from it. */
  number: number;
  /** How many machines the Vagrantfile makes. */
  instances: number;
  channel: string;
  exposeDockerTcp: number | null;
  /** `--provision`, `--no-provision`, or neither. */
  provision: boolean | null;
  /** `--force` of halt and reload: the power is cut, nothing is shut down in order. */
  force: boolean;
}

export const actions = ['up', 'halt', 'destroy', 'reload', 'suspend', 'resume', 'provision'] as const;
export type Action = (typeof actions)[number];

export type ActionMessage =
  /** `==> core-01: text`, or with `detail` indented and without the arrow. */
  | { say: 'output' | 'detail'; text: string }
  /** The last message. `error` is null when all went well. */
  | { say: 'end'; error: string | null };

/** The environment variable that names the socket. */
export const labVariable = 'COREOS_LAB';
/** The environment variable that marks every process of an installation, so that survivors can be found and ended. */
export const markVariable = 'COREOS_REFLECTOR_MARK';

/** The first argument of the lab's program, as JSON. */
export interface LabOptions {
  /** `home/` and `lab/` live in it. */
  workspace: string;
  /** A short folder, 0700, for sockets. */
  run: string;
  /** The folder of the bundled programs. */
  programs: string;
  /** Where `coreos/` and `reflector/` are. */
  projectRoot: string;
  marker: string;
}

/** What the lab prints on its standard output, once, when it answers. */
export type ReadyLine = { ready: true; discovery: string } | { ready: false; error: string };
