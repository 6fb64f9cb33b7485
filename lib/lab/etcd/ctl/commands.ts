// The commands of etcdctl (API 2), in the order of its help.
import { accessControl } from './access-control.ts';
import { clusterHealth } from './cluster-health.ts';
import type { Command, CommandGroup } from './command.ts';
import { badArguments, Failure } from './failure.ts';
import { keyCommands } from './key-commands.ts';
import { memberCommands } from './member-commands.ts';
import { watchCommands } from './watch-commands.ts';

export const commands: Record<string, Command | CommandGroup> = {
  backup: {
    usage: ' ',
    summary: 'backup an etcd directory',
    flags: [
      { names: ['data-dir'], kind: 'text', about: 'Path to the etcd data dir' },
      { names: ['wal-dir'], kind: 'text', about: 'Path to the etcd wal dir' },
      { names: ['backup-dir'], kind: 'text', about: 'Path to the backup dir' },
      { names: ['backup-wal-dir'], kind: 'text', about: 'Path to the backup wal dir' },
      { names: ['with-v3'], kind: 'switch', about: 'Backup v3 backend data' },
    ],
    async run() {
      const instead = 'Its keys are kept over restarts; to copy them, use `etcdctl ls --recursive -p /` and `etcdctl get`.';
      throw new Failure(`The etcd of this lab has no data directory of etcd's own that could be backed up.\n${instead}`, badArguments);
    },
  },
  'cluster-health': clusterHealth,
  ...keyCommands,
  ...watchCommands,
  member: { summary: 'member add, remove and list subcommands', commands: memberCommands },
  ...accessControl,
};
