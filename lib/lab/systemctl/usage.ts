// What systemctl takes on its command line: its options, its help, and what it refuses to do here.
import type { OptionKind } from '#lib/lab/systemd/options.ts';

export const optionNames = {
  '-l': 'full',
  '--full': 'full',
  '-a': 'all',
  '--all': 'all',
  '-n': 'lines',
  '--lines': 'lines',
  '-p': 'property',
  '--property': 'property',
  '-q': 'quiet',
  '--quiet': 'quiet',
  '-t': 'type',
  '--type': 'type',
  '--state': 'state',
  '--failed': 'failed',
  '-s': 'signal',
  '--signal': 'signal',
  '--kill-who': 'kill-who',
  '--reverse': 'reverse',
  '--plain': 'plain',
  '-f': 'force',
  '--force': 'force',
  '--no-pager': 'no-pager',
  '--no-legend': 'no-legend',
  '--no-block': 'no-block',
  '--system': 'system',
  '--runtime': 'runtime',
  '-h': 'help',
  '--help': 'help',
  '--version': 'version',
};

export const optionKinds: Record<string, OptionKind> = {
  lines: 'value',
  property: 'values',
  type: 'value',
  state: 'value',
  signal: 'value',
  'kill-who': 'value',
};

export const help = `systemctl [OPTIONS...] {COMMAND} ...

  -l --full         Do not shorten lines
  -a --all          List inactive units too
  -n --lines=N      Journal lines to show with status
  -p --property=P   Show only this property
  -t --type=TYPE    List only units of this type
     --state=STATE  List only units in this state
     --no-block     Do not wait until the operation is done
     --no-legend    No header and no footer
  -q --quiet        No output

Commands:
  status [UNIT...]      start UNIT...       is-active UNIT...   cat UNIT...
  list-units            stop UNIT...        is-failed UNIT...   show UNIT...
  list-unit-files       restart UNIT...     is-enabled UNIT...  list-dependencies [UNIT]
  reset-failed [UNIT…]  reload UNIT...      kill UNIT...        daemon-reload
  list-jobs             try-restart UNIT... is-system-running   get-default
`;

/** What a machine of the lab does not do, and what does it instead. */
export const refused: Record<string, string> = {
  ...Object.fromEntries(
    ['enable', 'disable', 'reenable', 'preset', 'mask', 'unmask', 'link', 'edit', 'set-property', 'add-wants', 'add-requires'].map(
      (command) => [command, 'a machine takes its units from fleet and from user-data; change those.'],
    ),
  ),
  ...Object.fromEntries(
    ['poweroff', 'halt', 'reboot', 'kexec', 'suspend', 'hibernate', 'rescue', 'emergency', 'default', 'isolate', 'exit'].map((command) => [
      command,
      'machines are switched with vagrant: halt, reload, suspend.',
    ]),
  ),
};
