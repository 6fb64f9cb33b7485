/** What `vagrant ssh-config` prints, and the same as arguments for `ssh`. */
import type { MachineStatus } from '../api.ts';

type Target = Pick<MachineStatus, 'name' | 'sshPort' | 'identityFile'>;

/** One block; the file name is quoted where `xargs` and ssh_config would otherwise split it. */
export function sshConfigText({ name, sshPort, identityFile }: Target): string {
  const file = /\s/.test(identityFile) ? `"${identityFile}"` : identityFile;
  return `Host ${name}
  HostName 127.0.0.1
  User core
  Port ${sshPort}
  UserKnownHostsFile /dev/null
  StrictHostKeyChecking no
  PasswordAuthentication no
  IdentityFile ${file}
  IdentitiesOnly yes
  LogLevel FATAL
`;
}

/** Arguments for the computer's own `ssh`; what its user configured for other hosts must not get in the way. */
export function sshArguments({ sshPort, identityFile }: Target): string[] {
  const options = {
    UserKnownHostsFile: '/dev/null',
    StrictHostKeyChecking: 'no',
    PasswordAuthentication: 'no',
    // ssh expands percent signs in this one, and splits it at spaces unless it is quoted.
    IdentityFile: `"${identityFile.replaceAll('%', '%%')}"`,
    IdentitiesOnly: 'yes',
    LogLevel: 'FATAL',
  };
  return [
    '-F',
    '/dev/null',
    '-p',
    String(sshPort),
    ...Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]),
    'core@127.0.0.1',
  ];
}
