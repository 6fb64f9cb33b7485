// Errors in the words of the Go program, so that what the learner reads can be looked up.
import { FleetError, FleetUnreachable } from '#lib/cluster/fleet-client.ts';
import type { SshFailure } from '#lib/cluster/ssh-connection.ts';

const systemErrors: Record<string, string> = {
  ECONNREFUSED: 'connection refused',
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network is unreachable',
  ETIMEDOUT: 'connection timed out',
};

/** @param place what was dialled, such as `tcp 127.0.0.1:2222` or `unix /var/run/fleet.sock` */
export function dialError(place: string, error: unknown): string {
  const { code = '', message = '' } = error as NodeJS.ErrnoException;
  const [network, address = ''] = place.split(' ');
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `dial ${network}: lookup ${address.replace(/:\d+$/, '')}: no such host`;
  return `dial ${place}: connect: ${systemErrors[code] ?? message}`;
}

export function fleetError(error: unknown): string {
  if (error instanceof FleetError) {
    return error.message
      ? `googleapi: Error ${error.status}: ${error.message}`
      : `googleapi: got HTTP response code ${error.status} with body: ${error.body}`;
  }
  if (error instanceof FleetUnreachable) {
    const verb = error.method[0] + error.method.slice(1).toLowerCase();
    return `${verb} "${error.target}": ${unreachable(error.cause as NodeJS.ErrnoException)}`;
  }
  return (error as Error).message;
}

function unreachable(cause: NodeJS.ErrnoException): string {
  if (cause.message === 'request timed out') return 'net/http: request canceled (Client.Timeout exceeded while awaiting headers)';
  return cause.code === 'ECONNRESET' ? 'EOF' : cause.message;
}

/** A line of the log, as Go writes it: `2014/12/01 13:45:07 WARN fleetctl.go:674: …`. */
export function logLine(level: 'WARN', text: string): string {
  const two = (part: number): string => String(part).padStart(2, '0');
  const now = new Date();
  const day = `${now.getFullYear()}/${two(now.getMonth() + 1)}/${two(now.getDate())}`;
  const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join(':');
  return `${day} ${time} ${level} fleetctl.go:674: ${text}\n`;
}

/** @param refusal why the host key was not accepted */
export function sshError(error: unknown, address: string, refusal: string): string {
  const { code, message } = error as SshFailure;
  switch (code) {
    case 'TIMED_OUT':
      return 'timed out while initiating SSH connection';
    case 'HOST_KEY_REFUSED':
      return `ssh: handshake failed: ${refusal}`;
    case 'UNAUTHENTICATED':
      return 'ssh: handshake failed: ssh: unable to authenticate, attempted methods [none publickey], no supported methods remain';
    case 'NO_COMMON_ALGORITHM':
      return `ssh: handshake failed: ssh: no common algorithms (${message})`;
    case 'LOST':
    case 'ECONNRESET':
    case 'EPIPE':
      return 'ssh: handshake failed: EOF';
    default:
      return dialError(`tcp ${address}`, error);
  }
}
