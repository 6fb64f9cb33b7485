// fleetctl's SSH connections: to the tunnel's host, and through it to the machines.
import { connect } from 'node:net';
import { homedir } from 'node:os';
import type { Duplex } from 'node:stream';
import { hostAddress, openKnownHosts } from '#lib/cluster/known-hosts.ts';
import type { SshConnection } from '#lib/cluster/ssh-connection.ts';
import type { Arguments } from './arguments.ts';
import type { Console } from './console.ts';
import { dialError, sshError } from './wording.ts';

/** Where a connection goes; through `stream` when it is nested in another one. */
export interface SshPlace {
  host: string;
  port: number;
  stream?: Duplex;
}

const agentMissing =
  'SSH_AUTH_SOCK environment variable is not set. Verify ssh-agent is running. See https://github.com/coreos/fleet/blob/master/Documentation/using-the-client.md for help.';

export interface SshDialer {
  /** Rejects with a sentence in fleetctl's words. Agent and host keys are the same for every connection. */
  dial(place: SshPlace): Promise<SshConnection>;
}

export function createSshDialer(flags: Arguments, environment: NodeJS.ProcessEnv, console: Console): SshDialer {
  const home = environment.HOME ?? homedir();
  const knownHosts = openKnownHosts({
    file: flags.text('known-hosts-file').replace(/^~(?=\/)/, home),
    ask: console.ask,
    report: console.error,
  });
  const strict = flags.has('strict-host-key-checking');

  return {
    async dial({ host, port, stream }) {
      const agent = environment.SSH_AUTH_SOCK;
      if (!agent) throw new Error(agentMissing);
      await reachAgent(agent);
      // ssh2 is most of the program; a command that needs no SSH starts without it.
      const { connectSsh } = await import('#lib/cluster/ssh-connection.ts');
      const address = hostAddress(host, port);
      let refusal = 'unauthorized host';
      try {
        return await connectSsh({
          host,
          port,
          username: flags.text('ssh-username'),
          agent,
          timeout: flags.number('ssh-timeout') * 1000,
          hostKeyTypes: strict ? await knownHosts.types(address) : [],
          async verifyHost(key) {
            const verdict = strict ? await knownHosts.verify(address, key) : 'trusted';
            if (verdict === 'mismatch') refusal = 'host key mismatch';
            return verdict === 'trusted';
          },
          ...(stream ? { stream } : {}),
        });
      } catch (error) {
        throw new Error(sshError(error, `${host}:${port}`, refusal), { cause: error });
      }
    },
  };
}

/** An agent that is gone would only show as a refused login. */
function reachAgent(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve();
    });
    socket.on('error', (error) => reject(new Error(dialError(`unix ${path}`, error))));
  });
}

/** `HOST[:PORT]`, as `--tunnel` takes it; port 22 when it is left out. */
export function readAddress(text: string): SshPlace {
  const parts = text.match(/^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/);
  if (parts === null) throw new Error(`dial tcp: address ${text}: too many colons in address`);
  return { host: (parts[1] ?? parts[2])!, port: Number(parts[3] ?? 22) };
}
