/** The lab's program: stays as long as its standard input is open, and takes everything it started with it. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { startPtyHost } from '#lib/terminal/pty-host.ts';
import { createAddressBook } from './address-book.ts';
import type { LabOptions, ReadyLine } from './api.ts';
import { findBubblewrap } from './bubblewrap.ts';
import { createClosers } from './closers.ts';
import { createClusters } from './clusters.ts';
import { startDiscovery } from './discovery-server.ts';
import { buildImage } from './docker/image-build.ts';
import { openSandbox } from './docker/sandbox.ts';
import { createHostKeyStore } from './host-key-store.ts';
import { createLab } from './lab.ts';
import { labSocket } from './lab-process.ts';
import { startLabServer } from './lab-server.ts';
import { killMachineProcesses } from './machine-processes.ts';
import { openMachineRecords } from './machine-records.ts';
import { isolateMachines } from './machine-sandbox.ts';
import { buildRepositories } from './repositories.ts';
import { writeTools } from './tools.ts';
import { ensurePrivateKey } from './vagrant/private-key.ts';

/** What has not ended by then is left to the marker sweep. */
const closeMs = 5000;

const closers = createClosers();
let closing = false;

process.umask(0o077);
process.stdin.on('end', close).on('error', close).resume();
process.on('SIGTERM', close);
process.on('SIGHUP', close);
// Ctrl-C in the app's terminal reaches the whole process group; the app closes the lifeline when it is ready to.
process.on('SIGINT', () => {});
process.stdout.on('error', () => {}); // whoever waited for the ready line is gone

start(JSON.parse(process.argv[2] ?? 'null')).then(
  (discovery) => announce({ ready: true, discovery }),
  (error) => {
    announce({ ready: false, error: error instanceof Error ? error.message : String(error) });
    close();
  },
);

async function start({ workspace, run, programs, projectRoot, marker }: LabOptions): Promise<string> {
  const directory = join(workspace, 'lab');
  const vagrantHome = join(workspace, 'home', '.vagrant.d');
  const registry = join(directory, 'registry');
  const machines = join(run, 'm');
  const ended = killMachineProcesses(machines); // of a lab that was killed before it could end them
  if (ended > 0) report(`ended ${ended} process${ended === 1 ? '' : 'es'} that an earlier lab had left behind.`);
  await mkdir(machines, { recursive: true, mode: 0o700 });
  const containerInit = join(programs, 'container-init.cjs');
  const bubblewrap = findBubblewrap(process.env.PATH ?? '');
  const hostKeys = createHostKeyStore(join(directory, 'host-keys'));
  const [key, tools, records, discovery, isolation, machineIsolation] = await Promise.all([
    ensurePrivateKey(vagrantHome),
    writeTools(directory, programs),
    openMachineRecords(join(directory, 'machines.json'), report),
    startDiscovery(join(directory, 'discovery')),
    bubblewrap.then((found) => openSandbox(found, containerInit, run)),
    isolateMachines(bubblewrap, directory, programs),
    buildRepositories(projectRoot, join(directory, 'repositories')),
    buildImage(join(projectRoot, 'reflector'), registry),
  ]);
  closers.add(discovery.close);
  const ptyHost = startPtyHost({ program: join(programs, 'pty-host.mjs') });
  closers.add(() => ptyHost.close());
  const clusters = createClusters(join(directory, 'clusters'));
  closers.add(() => clusters.close());

  const lab = createLab({
    ...{ records, vagrantHome, key, clusters, ptyHost, hostKeys, registry, machineIsolation, report },
    addressBook: createAddressBook(),
    discovery: discovery.url,
    ...{ containerInit, isolation },
    places: { machines: join(directory, 'machines'), run: machines, tools: tools.machine, marker },
  });
  closers.add(() => lab.close());
  await lab.restore();
  const server = await startLabServer(lab, labSocket(run), report);
  closers.add(() => server.close());
  return discovery.url;
}

function close(): void {
  if (closing) return;
  closing = true;
  setTimeout(() => {
    report(`The lab did not stop within ${closeMs / 1000} seconds and was ended.`);
    process.exit(1);
  }, closeMs).unref();
  closers.closeAll().then(
    () => process.exit(0),
    (error) => {
      report(`The lab did not stop cleanly: ${error.stack}`);
      process.exit(1);
    },
  );
}

function announce(line: ReadyLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** For whoever runs the app; nothing that a learner needs to see. */
function report(text: string): void {
  process.stderr.write(`lab: ${text}\n`);
}
