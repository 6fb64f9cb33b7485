/** The commands that do something to machines; each answers with the exit status. */
import type { Action } from '../api.ts';
import type { ParsedArguments } from './arguments.ts';
import { VagrantError } from './project.ts';
import type { Shell } from './shell.ts';
import { findTargets, type Target } from './targets.ts';
import { declined, needsTerminal } from './texts.ts';

async function act(shell: Shell, { name, project, number }: Target, action: Action, { options }: ParsedArguments): Promise<void> {
  const provision = options.get('provision');
  const body = {
    directory: project.directory,
    number,
    instances: project.config.instances,
    channel: project.config.channel,
    exposeDockerTcp: project.config.exposeDockerTcp === null ? null : project.config.exposeDockerTcp + number - 1,
    provision: typeof provision === 'boolean' ? provision : null,
    force: options.get('force') === true,
  };
  shell.ui.record(name, 'action', action, 'start');
  await shell.lab().act(name, action, body, (message) => {
    if (message.say === 'output') shell.ui.output(name, message.text);
    if (message.say === 'detail') shell.ui.detail(name, message.text);
  });
  shell.ui.record(name, 'action', action, 'end');
}

export async function up(shell: Shell, args: ParsedArguments): Promise<number> {
  const targets = await findTargets(shell, args.names);
  for (const { name } of targets) shell.ui.record(name, 'metadata', 'provider', 'virtualbox');
  for (const { name } of targets) shell.ui.info(`Bringing machine '${name}' up with 'virtualbox' provider...`);
  tellNotices(shell, targets);
  for (const target of targets) await act(shell, target, 'up', args);
  return 0;
}

/** Not Vagrant's: it would have done as the file says. */
export function tellNotices(shell: Shell, targets: Pick<Target, 'project'>[]): void {
  for (const { line, message } of targets[0]?.project.config.notices ?? []) shell.ui.info(`config.rb, line ${line}: ${message}`);
}

export async function onEach(
  shell: Shell,
  args: ParsedArguments,
  action: Action,
  order: { reverse?: boolean; orphans?: boolean } = {},
): Promise<number> {
  const targets = await findTargets(shell, args.names, order.orphans);
  if (order.reverse) targets.reverse();
  if (action === 'reload') tellNotices(shell, targets);
  for (const target of targets) {
    shell.ui.record(target.name, 'metadata', 'provider', 'virtualbox');
    if (target.machine === null) shell.ui.output(target.name, 'VM not created. Moving on...');
    else await act(shell, target, action, args);
  }
  return 0;
}

export async function destroy(shell: Shell, args: ParsedArguments): Promise<number> {
  const targets = (await findTargets(shell, args.names, true)).reverse();
  let refused = 0;
  for (const target of targets) {
    shell.ui.record(target.name, 'metadata', 'provider', 'virtualbox');
    if (target.machine === null) {
      shell.ui.output(target.name, 'VM not created. Moving on...');
    } else if (await confirmed(shell, target.name, args)) {
      await act(shell, target, 'destroy', args);
    } else {
      shell.ui.output(target.name, declined(target.name));
      refused += 1;
    }
  }
  if (refused === 0) return 0;
  return refused === targets.length ? 1 : 2;
}

async function confirmed(shell: Shell, name: string, { options }: ParsedArguments): Promise<boolean> {
  if (options.get('force')) return true;
  const answer = await shell.ask(`    ${name}: Are you sure you want to destroy the '${name}' VM? [y/N] `);
  if (answer === null) throw new VagrantError(needsTerminal);
  return /^y(es)?$/i.test(answer.trim());
}
