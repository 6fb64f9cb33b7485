/** Vagrant's longer answers, by the letter: people and scripts know them. */

export const noEnvironment = `A Vagrant environment or target machine is required to run this
command. Run \`vagrant init\` to create a new Vagrant environment. Or,
get an ID of a target machine from \`vagrant global-status\` to run
this command on. A final option is to change to a directory with a
Vagrantfile and to try again.`;

export const notReadyForSsh = `The provider for this Vagrant-managed machine is reporting that it
is not yet ready for SSH. Depending on your provider this can carry
different meanings. Make sure your machine is created and running and
try again. Additionally, check the output of \`vagrant status\` to verify
that the machine is in the state that you expect. If you continue to
get this error message, please view the documentation for the provider
you're using.`;

export const notCreated = 'VM must be created before running this command. Run `vagrant up` first.';

export const notRunning = 'VM must be running to open SSH connection. Run `vagrant up`\nto start the virtual machine.';

export const notRunningYet = 'VM is not currently running. Please, first bring it up with `vagrant up` then run this command.';

export const needsName = 'This command requires a specific VM name to target in a multi-VM environment.';

export const needsTerminal = `Vagrant is attempting to interface with the UI in a way that requires
a TTY. Most actions in Vagrant that require a TTY have configuration
switches to disable this requirement. Please do that or run Vagrant
with TTY.`;

export const provisionFailed = `The SSH command responded with a non-zero exit status. Vagrant
assumes that this means the command failed. The output for this command
should be in the log above. Please read the output to determine what
went wrong.`;

export const noBoxes = 'There are no installed boxes! Use `vagrant box add` to add some.';

export const alreadyProvisioned = `Machine already provisioned. Run \`vagrant provision\` or use the \`--provision\`
flag to force provisioning. Provisioners marked to run always will still run.`;

/** Not Vagrant's: what a machine would keep to itself, and its user would wonder about for long. */
export function waitsForEver({ members, instances, discovery }: { members: number; instances: number; discovery: string }): string[] {
  return [
    `This discovery URL is for a cluster of ${members}, but config.rb makes ${instances}: etcd waits for the others for ever, and so does fleet.`,
    `Put a URL for ${instances} into user-data (curl '${discovery}/new?size=${instances}' prints one), then: vagrant destroy -f && vagrant up`,
  ];
}

/** Not Vagrant's: it would have written the machine's memory to the disk. */
export const bootedInstead = [
  'The app was ended while this machine was suspended, and its programs with it:',
  'it boots afresh, as after a power cut. Files, images and the cluster’s data are as they were.',
];

/** Not Vagrant's: its look-alike has no machines without the lab. */
export const labNotRunning =
  'The lab is not running, so there are no machines to speak of. Start the app with `npm start` in its own folder, and use the terminal on its pages or `npm run shell`.';

export function unknownMachine(name: string): string {
  return `The machine with the name '${name}' was not found configured for\nthis Vagrant environment.`;
}

export function settingsError(path: string, line: number, message: string): string {
  return `Vagrant failed to initialize at a very early stage:

There was an error loading a Vagrantfile. The file being loaded
and the error message are shown below. This is usually caused by
a syntax error.

Path: ${path}
Line number: ${line}
Message: ${message}`;
}

export function declined(name: string): string {
  return `The VM '${name}' will not be destroyed, since the confirmation\nwas declined.`;
}
