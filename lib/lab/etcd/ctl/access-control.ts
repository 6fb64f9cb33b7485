// etcdctl's users and roles: the commands are known, but the lab's etcd has no access control.
import type { Command, CommandGroup } from './command.ts';
import { badArguments, Failure } from './failure.ts';
import type { Flag } from './flags.ts';

const roles: Flag[] = [{ names: ['roles'], kind: 'text', about: 'List of roles to grant or revoke' }];
const rights = (access: (kind: string) => string, path: string): Flag[] => [
  { names: ['path'], kind: 'text', about: path },
  { names: ['read'], kind: 'switch', about: access('read') },
  { names: ['write'], kind: 'switch', about: access('write') },
  { names: ['readwrite', 'rw'], kind: 'switch', about: access('read-write') },
];
const granted = rights((kind) => `Grant ${kind}${kind === 'read-write' ? '' : '-only'} access`, 'Path granted for the role to access');
const revoked = rights((kind) => `Revoke ${kind} access`, 'Path revoked for the role to access');

export const accessControl: Record<string, CommandGroup> = {
  user: {
    summary: 'user add, grant and revoke subcommands',
    commands: {
      add: refused('<user>', 'add a new user for the etcd cluster'),
      get: refused('<user>', 'get details for a user'),
      list: refused('<user>', 'list all current users'),
      remove: refused('<user>', 'remove a user for the etcd cluster'),
      grant: refused('<user>', 'grant roles to an etcd user', roles),
      revoke: refused('<user>', 'revoke roles for an etcd user', roles),
      passwd: refused('<user>', 'change password for a user'),
    },
  },
  role: {
    summary: 'role add, grant and revoke subcommands',
    commands: {
      add: refused('<role> ', 'add a new role for the etcd cluster'),
      get: refused('<role>', 'get details for a role'),
      list: refused(' ', 'list all roles'),
      remove: refused('<role>', 'remove a role from the etcd cluster'),
      grant: refused('<role>', 'grant path matches to an etcd role', granted),
      revoke: refused('<role>', 'revoke path matches for an etcd role', revoked),
    },
  },
  auth: {
    summary: 'overall auth controls',
    commands: { enable: refused(' ', 'enable auth access controls'), disable: refused(' ', 'disable auth access controls') },
  },
};

function refused(usage: string, summary: string, flags?: Flag[]): Command {
  return {
    usage,
    summary,
    ...(flags ? { flags } : {}),
    async run() {
      throw new Failure('The etcd of this lab has no users and roles: everybody on this computer may read and write.', badArguments);
    },
  };
}
