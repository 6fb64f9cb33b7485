/** What vagrant does to a machine, told as it happens; runs in the lab. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Action, ActionRequest } from '../api.ts';
import type { Lab, Ports } from '../lab.ts';
import type { MachineRecord } from '../machine-records.ts';
import { ActionError } from './action-error.ts';
import { addBox, boxRequirement, boxUrl, boxVersion, listBoxes } from './box.ts';
import { alreadyProvisioned, bootedInstead, notRunningYet, provisionFailed, waitsForEver } from './texts.ts';

export interface Say {
  /** `==> core-01: text` */
  output(text: string): void;
  /** `    core-01: text` */
  detail(text: string): void;
}

export interface ActionContext {
  lab: Lab;
  name: string;
  request: ActionRequest;
  say: Say;
}

/** Throws ActionError when the action fails in a way that the learner should read about. */
export async function perform(action: Action, context: ActionContext): Promise<void> {
  const { lab, name, say } = context;
  const record = findOwn(context);
  if (action === 'up') return up(context, record);
  if (record === undefined) return say.output('VM not created. Moving on...');
  if (action === 'destroy') {
    await turnOff(context, record, 'power-cut');
    say.output('Destroying VM and associated drives...');
    return lab.remove(name);
  }
  if (action === 'halt') return turnOff(context, record, context.request.force ? 'power-cut' : 'shutdown');
  if (action === 'suspend') {
    if (record.state !== 'running') return;
    say.output('Saving VM state and suspending execution...');
    return lab.suspend(name);
  }
  if (action === 'resume') return record.state === 'saved' ? resume(context, record) : undefined;
  if (action === 'reload') {
    await turnOff(context, record, context.request.force ? 'power-cut' : 'shutdown');
    return boot(context, { ...record, state: 'poweroff' });
  }
  action satisfies 'provision';
  if (record.state === 'running') return provision(context);
  say.output(notRunningYet);

  function findOwn({ lab, name, request }: ActionContext): MachineRecord | undefined {
    const found = lab.find(name);
    if (found === undefined || found.directory === request.directory) return found;
    if (action !== 'up') return undefined;
    throw new ActionError(
      `The address of '${name}' is in use by the machine of that name that was made in\n${found.directory}. Destroy that one first: vagrant destroy -f ${found.id.slice(0, 7)}`,
    );
  }
}

/** Off already is fine. */
async function turnOff({ lab, name, say }: ActionContext, { state }: MachineRecord, how: 'shutdown' | 'power-cut'): Promise<void> {
  if (state === 'poweroff') return;
  if (state === 'saved') say.output('Discarding saved state of VM...');
  else say.output(how === 'shutdown' ? 'Attempting graceful shutdown of VM...' : 'Forcing shutdown of VM...');
  await lab.stop(name, state === 'saved' ? 'power-cut' : how);
}

async function up(context: ActionContext, record: MachineRecord | undefined): Promise<void> {
  const { lab, name, request, say } = context;
  const box = `coreos-${record?.channel ?? request.channel}`;
  if (record === undefined) {
    await ensureBox(context, box);
    say.output(`Importing base box '${box}'...`);
    const created = await lab.create(name, request);
    say.output('Matching MAC address for NAT networking...');
    checkBox(say, box);
    say.output(`Setting the name of the VM: ${virtualName(created)}`);
    return boot(context, created, true);
  }
  if (record.state === 'poweroff') return boot(context, record);
  checkBox(say, box);
  if (record.state === 'saved') return resume(context, record);
  await provisionIfWanted(context, record);
}

async function boot(context: ActionContext, record: MachineRecord, fresh = false): Promise<void> {
  const { lab, request, say } = context;
  if (!fresh) {
    checkBox(say, `coreos-${record.channel}`);
    say.output('Clearing any previously set forwarded ports...');
  }
  const ports = await lab.choosePorts(record.name, request.exposeDockerTcp);
  if (ports.ssh !== 2222) say.output(`Fixed port collision for 22 => 2222. Now on port ${ports.ssh}.`);
  if (ports.docker !== null && ports.docker !== request.exposeDockerTcp) {
    say.output(`Fixed port collision for 2375 => ${request.exposeDockerTcp}. Now on port ${ports.docker}.`);
  }
  say.output('Clearing any previously set network interfaces...');
  say.output('Preparing network interfaces based on configuration...');
  say.detail('Adapter 1: nat');
  say.detail('Adapter 2: hostonly');
  say.output('Forwarding ports...');
  if (ports.docker !== null) say.detail(`2375 (guest) => ${ports.docker} (host) (adapter 1)`);
  say.detail(`22 (guest) => ${ports.ssh} (host) (adapter 1)`);
  say.output("Running 'pre-boot' VM customizations...");
  say.output('Booting VM...');
  await bootAndWait(context, ports);
  say.output('Setting hostname...');
  say.output('Configuring and enabling network interfaces...');
  await provisionIfWanted(context, record);
}

async function bootAndWait(context: ActionContext, ports: Ports): Promise<void> {
  const { lab, name, say } = context;
  say.output('Waiting for machine to boot. This may take a few minutes...');
  await onFreePorts(context, ports, (free) => lab.boot(name, free));
  say.output('Machine booted and ready!');
}

/** Somebody else may have taken the chosen ports meanwhile; then it is done once more, on others. */
async function onFreePorts<Result>(
  { lab, name, say }: ActionContext,
  ports: Ports,
  act: (ports: Ports) => Promise<Result>,
): Promise<Result> {
  let used = ports;
  let result: Result;
  try {
    result = await act(ports);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    used = await lab.choosePorts(name, ports.docker);
    result = await act(used);
    say.output(`Fixed port collision for 22 => ${ports.ssh}. Now on port ${used.ssh}.`);
  }
  say.detail(`SSH address: 127.0.0.1:${used.ssh}`);
  say.detail('SSH username: core');
  say.detail('SSH auth method: private key');
  return result;
}

async function resume(context: ActionContext, record: MachineRecord): Promise<void> {
  const { lab, name, request, say } = context;
  say.output('Resuming suspended VM...');
  say.output('Booting VM...');
  const ports = await lab.choosePorts(record.name, request.exposeDockerTcp);
  say.output('Waiting for machine to boot. This may take a few minutes...');
  const resumed = await onFreePorts(context, ports, async (free) => {
    if (await lab.resume(name, free)) return true;
    await lab.boot(name, free);
    return false;
  });
  if (!resumed) for (const line of bootedInstead) say.detail(line);
  say.output('Machine booted and ready!');
  await provisionIfWanted(context, record);
}

/** Once is enough, unless it failed or is asked for again. */
async function provisionIfWanted(context: ActionContext, record: MachineRecord): Promise<void> {
  const wanted = context.request.provision ?? !record.provisioned;
  if (wanted) await provision(context);
  else if (record.provisioned && context.request.provision === null) context.say.output(alreadyProvisioned);
}

async function provision({ lab, name, request, say }: ActionContext): Promise<void> {
  const path = join(request.directory, 'user-data');
  if (!existsSync(path)) return lab.markProvisioned(name);
  say.output('Running provisioner: file...');
  const text = readFileSync(path, 'utf8');
  say.detail(`${path} => /tmp/vagrantfile-user-data`);
  say.output('Running provisioner: shell...');
  say.detail('Running: inline script');
  const succeeded = await lab.provision(name, text, (line) => say.detail(line));
  if (!succeeded) throw new ActionError(provisionFailed);
  const members = lab.awaitedMembers(name);
  if (members !== null && members > request.instances) {
    for (const line of waitsForEver({ members, instances: request.instances, discovery: lab.status().discovery })) say.detail(line);
  }
  await lab.markProvisioned(name);
}

async function ensureBox({ lab, request, say }: ActionContext, name: string): Promise<void> {
  const boxes = await listBoxes(lab.vagrantHome);
  if (boxes.some((box) => box.name === name)) return;
  const url = boxUrl(request.channel);
  say.output(`Box '${name}' could not be found. Attempting to find and install...`);
  say.detail('Box Provider: virtualbox');
  say.detail(`Box Version: ${boxRequirement}`);
  say.output(`Loading metadata for box '${url}'`);
  say.detail(`URL: ${url}`);
  say.output(`Adding box '${name}' (v${boxVersion}) for provider: virtualbox`);
  say.detail('Unpacking necessary files from: the lab itself');
  await addBox(lab.vagrantHome, { name, version: boxVersion });
  say.output(`Successfully added box '${name}' (v${boxVersion}) for 'virtualbox'!`);
}

function checkBox(say: Say, box: string): void {
  say.output(`Checking if box '${box}' version '${boxVersion}' is up to date...`);
}

/** As VirtualBox would list it: `coreos-vagrant_core-01_1414156260000_12345`. */
function virtualName({ directory, name, id }: MachineRecord): string {
  const folder = directory
    .split('/')
    .at(-1)!
    .replace(/[^\w-]/g, '');
  return `${folder}_${name}_${Date.now()}_${Number.parseInt(id.slice(0, 4), 16)}`;
}
