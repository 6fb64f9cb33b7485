/** Git repositories that answer, without a network, for the addresses that the walkthrough clones. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readFileIfPresent, replaceFile } from './files.ts';

export interface RepositoryFile {
  path: string;
  content: Buffer;
  executable: boolean;
}

/** The repository that this project's own address and that of the 2014 walkthrough lead to. */
const reflectorRepository = 'pandastrike/coreos-reflector.git';
const vagrantRepository = 'coreos/coreos-vagrant.git';

/** What an address begins with, and the repository that answers for it; with and without `.git`, as on GitHub. */
const addresses = [
  ['https://github.com/coreos/coreos-vagrant', vagrantRepository],
  ['https://github.com/pandastrike/coreos-reflector', reflectorRepository],
  ['https://github.com/coreos-reflector/coreos-reflector', reflectorRepository],
] as const;

/** Author and time of every commit, so that a clone's commit ids are the same on every computer. */
const author = 'CoreOS-Reflector <tutorial@localhost> 1414156260 +0000';

/** Builds the repositories in `directory` from the project's own files; what is up to date stays as it is. Needs `git`. */
export async function buildRepositories(projectRoot: string, directory: string): Promise<void> {
  const coreos = join(projectRoot, 'coreos');
  const reflector = await readTree(join(projectRoot, 'reflector'), 'reflector/');
  const services = reflector.filter((file) => file.path.endsWith('.service'));
  const setup = await readTree(coreos, 'coreos/', ['coreos-vagrant']);
  const license = await readFileIfPresent(join(projectRoot, 'LICENSE'));
  await Promise.all([
    buildRepository(join(directory, vagrantRepository), await readTree(join(coreos, 'coreos-vagrant'), '')),
    buildRepository(join(directory, reflectorRepository), [
      ...setup,
      ...reflector,
      ...services.map((service) => ({ ...service, path: basename(service.path) })),
      textFile('README.md', reflectorReadme),
      ...(license === null ? [] : [textFile('LICENSE', license)]),
    ]),
  ]);
}

/** Environment variables that lead git to the repositories in `directory` instead of to the network. */
export function repositoryEnvironment(directory: string): Record<string, string> {
  const environment: Record<string, string> = { GIT_CONFIG_COUNT: String(addresses.length) };
  for (const [index, [address, repository]] of addresses.entries()) {
    const url = pathToFileURL(join(directory, repository)).href.replace(/\.git$/, '');
    environment[`GIT_CONFIG_KEY_${index}`] = `url.${url}.insteadOf`;
    environment[`GIT_CONFIG_VALUE_${index}`] = address;
  }
  return environment;
}

/** Makes a bare repository whose only commit holds `files`, unless it is there already with the same content. */
export async function buildRepository(path: string, files: RepositoryFile[]): Promise<void> {
  const stream = importStream([...files].sort((a, b) => (a.path < b.path ? -1 : 1)));
  const digest = createHash('sha256').update(stream).digest('hex');
  const stamp = join(path, 'content-digest');
  if ((await readFileIfPresent(stamp)) === digest) return;

  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = await mkdtemp(`${path}-`);
  try {
    await git(['init', '--quiet', '--bare', draft]);
    await git(['--git-dir', draft, 'fast-import', '--quiet'], stream);
    // A learner's own init.defaultBranch must not decide what a clone checks out.
    await git(['--git-dir', draft, 'symbolic-ref', 'HEAD', 'refs/heads/master']);
    await replaceFile(join(draft, 'content-digest'), digest);
    await rm(path, { recursive: true, force: true });
    await rename(draft, path);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** The commit in the language of `git fast-import`. */
function importStream(files: RepositoryFile[]): Buffer {
  const message = 'The walkthrough and its files\n';
  const parts: (string | Buffer)[] = [`commit refs/heads/master\ncommitter ${author}\ndata ${message.length}\n${message}`];
  for (const { path, content, executable } of files) {
    parts.push(`M ${executable ? '100755' : '100644'} inline ${JSON.stringify(path)}\ndata ${content.length}\n`, content, '\n');
  }
  return Buffer.concat(parts.map((part) => Buffer.from(part)));
}

async function readTree(directory: string, prefix: string, leaveOut: string[] = []): Promise<RepositoryFile[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const files: RepositoryFile[] = [];
  for (const entry of entries) {
    const path = join(directory, entry.name);
    if (leaveOut.includes(entry.name) || entry.name === 'node_modules' || entry.name.includes('.test.')) continue;
    if (entry.isDirectory()) files.push(...(await readTree(path, `${prefix}${entry.name}/`)));
    if (!entry.isFile()) continue;
    const { mode } = await stat(path);
    files.push({ path: prefix + entry.name, content: await readFile(path), executable: (mode & 0o100) !== 0 });
  }
  return files;
}

function textFile(path: string, text: string): RepositoryFile {
  return { path, content: Buffer.from(text), executable: false };
}

/** Runs git with nothing of the computer's own git configuration, and `input` on its standard input. */
function git(args: string[], input?: Buffer): Promise<void> {
  const environment: Record<string, string> = {
    PATH: process.env.PATH ?? '',
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    HOME: '/nonexistent',
  };
  return new Promise((resolve, reject) => {
    const child = spawn('git', ['-c', 'init.templateDir=', ...args], {
      env: environment as NodeJS.ProcessEnv,
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    let complaint = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint += text;
    });
    child.on('error', (cause) =>
      reject(new Error(`The tutorial's git repositories need git, which did not start: ${cause.message}`, { cause })),
    );
    child.on('close', (status) => {
      if (status === 0) resolve();
      else reject(new Error(`git ${args.join(' ')} failed with status ${status}: ${complaint.trim()}`));
    });
    child.stdin.on('error', () => {}); // git ended early; its status and message tell why
    child.stdin.end(input);
  });
}

const reflectorReadme = `# CoreOS-Reflector

The files of the walkthrough.

| file | what it is for |
|---|---|
| \`coreos/config.rb\` | how many machines to start, and of which channel |
| \`coreos/user-data\` | the machines' cloud-config: etcd, fleet, Docker |
| \`coreos/vagrant-setup\` | starts the cluster and lets this computer in |
| \`reflector.service\` | the unit that fleet runs on the cluster |
| \`reflector@.service\` | a template: the same unit, any number of times |
| \`reflector/\` | the Node server inside the container, and its Dockerfile |
`;
