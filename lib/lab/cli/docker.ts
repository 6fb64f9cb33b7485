// The machine's `docker` command: a client of its daemon's API, like Docker's own.

import { type ApiClient, connectTo, findSocket } from '#lib/lab/docker/cli/api-client.ts';
import { CommandError } from '#lib/lab/docker/cli/command-error.ts';
import {
  inspectCommand,
  killCommand,
  logsCommand,
  pauseCommand,
  portCommand,
  psCommand,
  renameCommand,
  restartCommand,
  rmCommand,
  startCommand,
  stopCommand,
  unpauseCommand,
  waitCommand,
} from '#lib/lab/docker/cli/container-commands.ts';
import { imagesCommand, infoCommand, rmiCommand, versionCommand } from '#lib/lab/docker/cli/image-commands.ts';
import { statsCommand, topCommand } from '#lib/lab/docker/cli/process-commands.ts';
import { pullCommand } from '#lib/lab/docker/cli/pull.ts';
import { attachCommand, createCommand, execCommand, runCommand } from '#lib/lab/docker/cli/run.ts';

interface Command {
  usage: string;
  about: string;
  /** A number is the exit status. */
  run(api: ApiClient, args: string[]): Promise<unknown>;
}

const commands: Record<string, Command> = {
  attach: { usage: '[--no-stdin] CONTAINER', about: 'Stand in for a program that runs already', run: attachCommand },
  create: { usage: 'IMAGE [COMMAND…], with the options of run', about: 'Create a container without starting it', run: createCommand },
  exec: {
    usage: '[-d] [-i] [-t] [-e NAME=VALUE] CONTAINER node ARG…',
    about: 'Run a Node program in a running container',
    run: execCommand,
  },
  images: { usage: '[-q] [REPOSITORY]', about: 'List images', run: imagesCommand },
  info: { usage: '', about: 'Describe the daemon', run: infoCommand },
  inspect: { usage: '[-f TEMPLATE] NAME…', about: 'Show all about containers or images', run: inspectCommand },
  kill: { usage: '[-s SIGNAL] CONTAINER…', about: 'Send a signal, SIGKILL by default', run: killCommand },
  logs: { usage: '[-f] [-t] [-n LINES] CONTAINER', about: "Show a container's output", run: logsCommand },
  pause: { usage: 'CONTAINER…', about: 'Hold containers where they are', run: pauseCommand },
  port: { usage: 'CONTAINER [PORT]', about: 'List published ports', run: portCommand },
  ps: { usage: '[-a] [-q]', about: 'List containers', run: psCommand },
  pull: { usage: 'NAME[:TAG]', about: 'Fetch an image from the registry', run: pullCommand },
  rename: { usage: 'CONTAINER NAME', about: 'Give a container another name', run: renameCommand },
  restart: { usage: '[-t SECONDS] CONTAINER…', about: 'Stop and start containers', run: restartCommand },
  rm: { usage: '[-f] CONTAINER…', about: 'Remove containers', run: rmCommand },
  rmi: { usage: '[-f] IMAGE…', about: 'Remove images', run: rmiCommand },
  run: {
    usage: '[-d] [-i] [-t] [--rm] [--name NAME] [-p HOST:CONTAINER] [-e NAME=VALUE] [-v NAME:/PATH] [-m SIZE] IMAGE [COMMAND…]',
    about: 'Create a container and start it',
    run: runCommand,
  },
  start: { usage: 'CONTAINER…', about: 'Start stopped containers', run: startCommand },
  stats: { usage: '[-a] [--no-stream] [CONTAINER…]', about: 'Show what containers use', run: statsCommand },
  stop: { usage: '[-t SECONDS] CONTAINER…', about: 'Ask containers to end, then kill them', run: stopCommand },
  top: { usage: 'CONTAINER', about: 'List the processes of a container', run: topCommand },
  unpause: { usage: 'CONTAINER…', about: 'Let paused containers go on', run: unpauseCommand },
  version: { usage: '', about: 'Show the versions', run: versionCommand },
  wait: { usage: 'CONTAINER…', about: 'Wait for the end and print the exit status', run: waitCommand },
};

/** Docker's own commands that need more than a lab with one image. */
const elsewhere = new Set(
  'build builder buildx commit compose container context cp diff events export history image import load login logout manifest network plugin push save search secret service stack swarm system tag trust update volume'.split(
    ' ',
  ),
);

// A reader such as `head` may leave early; that is no failure of ours.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? 0 : 1);
  });
}

main(process.argv.slice(2)).then(
  (status) => {
    process.exitCode = status;
  },
  (error: unknown) => {
    const text = error instanceof CommandError ? error.message : String(error instanceof Error ? error.stack : error);
    if (text) process.stderr.write(`${text}\n`);
    process.exitCode = error instanceof CommandError ? error.status : 1;
  },
);

async function main(args: string[]): Promise<number> {
  let host: string | undefined;
  const rest = [...args];
  while (rest[0]?.startsWith('-')) {
    const option = rest.shift()!;
    if (option === '-v' || option === '--version') {
      process.stdout.write('Docker version 1.0.0 (CoreOS-Reflector lab)\n');
      return 0;
    }
    if (option === '-H' || option === '--host') host = rest.shift();
    else if (option.startsWith('--host=')) host = option.slice('--host='.length);
    else if (option === '-h' || option === '--help') rest.splice(0, rest.length, 'help');
    else throw new CommandError(`unknown flag: ${option}\nSee 'docker --help'.`, 125);
  }
  const name = rest.shift() ?? 'help';
  if (name === 'help') {
    process.stdout.write(overview());
    return 0;
  }
  const command = Object.hasOwn(commands, name) ? commands[name]! : null;
  if (!command && elsewhere.has(name)) {
    throw new CommandError(
      `docker ${name} is not offered in the lab. For that use a real Docker Engine: install Docker on your computer and run the command there, outside the lab.`,
    );
  }
  if (!command) throw new CommandError(`docker: '${name}' is not a docker command of the lab.\nSee 'docker --help'`);
  if (rest[0] === '--help') {
    process.stdout.write(`Usage:  docker ${name} ${command.usage}\n\n${command.about}\n`);
    return 0;
  }
  const status = await command.run(connectTo(findSocket(process.env, host)), rest);
  return typeof status === 'number' ? status : 0;
}

function overview(): string {
  const lines = Object.entries(commands).map(([name, { about }]) => `  ${name.padEnd(10)}${about}\n`);
  return `Usage:  docker COMMAND\n\nCommands:\n${lines.join('')}\nSee 'docker COMMAND --help' for its options.\n`;
}
