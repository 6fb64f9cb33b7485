// Installs and builds what is missing or stale, then starts the program that was asked for.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, readdirSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const stamp = join(root, '.build', 'built-from');

/** The programs behind the commands. */
const programs = { start: 'server', shell: 'shell', lab: 'shell', tutorial: 'tutorial', bench: 'bench' };

/** The newest Node 22 security release that this was tried on; older ones work but miss fixes. */
const advised = [22, 23];

/** @param {string[]} words the command (`start`, `dev`, `build`, `shell`, `lab`, `tutorial`, `bench`) and its own arguments */
export async function launch([command, ...words]) {
  process.chdir(root);
  process.env.NEXT_TELEMETRY_DISABLED = '1';
  try {
    if (!programs[command] || command === 'start') adviseNode();
    if (!isInstalled()) await install();
    if (command === 'dev') return await develop(words);
    if (!isBuilt()) await build();
    if (command === 'build') return;
    process.argv = [process.argv[0], process.argv[1], ...(command === 'lab' ? ['lab', ...words] : words)];
    await import(pathToFileURL(join(root, '.build', `${programs[command]}.mjs`)).href);
  } catch (error) {
    console.error(sentence(error));
    process.exit(1);
  }
}

/** What tests call before they look at the built app. */
export async function prepare() {
  process.chdir(root);
  process.env.NEXT_TELEMETRY_DISABLED = '1';
  if (!isBuilt()) await build();
}

function adviseNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < advised[0] || (major === advised[0] && minor < advised[1])) {
    console.log(
      `Node.js ${process.versions.node} works, but it no longer gets all security fixes; ${advised.join('.')} or newer is better.`,
    );
  }
}

/** Whether node_modules holds the locked version of every package that running needs. */
function isInstalled() {
  const installed = readJson(join(root, 'node_modules', '.package-lock.json'))?.packages;
  if (!installed) return false;
  const locked = Object.entries(readJson(join(root, 'package-lock.json')).packages);
  return locked.every(
    ([path, entry]) => !path || entry.dev || entry.optional || entry.devOptional || installed[path]?.version === entry.version,
  );
}

async function install() {
  needWritable();
  const started = Date.now();
  // A tree that already has the test tools keeps them; a fresh one gets only what running needs.
  const withTests = existsSync(join(root, 'node_modules', 'vitest'));
  console.log('Installing packages (the first time only; about a minute) …');
  await run('npm', ['ci', withTests ? '--include=dev' : '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']);
  console.log(`Installed in ${seconds(started)}.`);
}

function isBuilt() {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint();
}

async function build() {
  needWritable();
  const started = Date.now();
  console.log('Building (the sources are new or have changed; about half a minute) …');
  const { bundlePrograms } = await import('./build.mjs');
  const before = fingerprint();
  await Promise.all([
    bundlePrograms(root),
    run(process.execPath, [join(root, 'node_modules', 'next', 'dist', 'bin', 'next'), 'build'], 'quiet'),
  ]);
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, before);
  console.log(`Built in ${seconds(started)}.`);
}

/** A digest over every file that a build reads. Content is read when the app runs. */
function fingerprint() {
  const digest = createHash('sha256').update(process.versions.node.split('.')[0]);
  const files = ['package.json', 'package-lock.json', 'tsconfig.json', 'next.config.js'];
  for (const folder of ['app', 'components', 'lib']) {
    for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (entry.isFile() && !/\.test\.tsx?$/.test(path) && !path.includes(join('lib', 'testing'))) files.push(path.slice(root.length));
    }
  }
  for (const file of files.sort()) digest.update(`${file}\0`).update(readFileSync(join(root, file)));
  return digest.digest('hex');
}

/** Pages and content reload by themselves; an edit below `lib/` bundles the programs again and restarts the server. */
async function develop(words) {
  const { bundlePrograms } = await import('./build.mjs');
  await bundlePrograms(root);
  let server = startServer();
  let timer;
  let restarting = false;
  watch(join(root, 'lib'), { recursive: true }, (_event, file) => {
    if (!file || !/\.ts$/.test(file) || /\.test\.ts$/.test(file) || file.startsWith('client')) return;
    clearTimeout(timer);
    timer = setTimeout(() => restart(file), 100);
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, async () => {
      server.kill(signal);
      process.exit((await server.ended) ?? 0);
    });
  }

  async function restart(file) {
    try {
      await bundlePrograms(root);
    } catch {
      return; // esbuild has said what is wrong; the next save tries again
    }
    console.log(`${file} changed: restarting the server …`);
    if (restarting) return; // the one that is about to start has this edit as well
    restarting = true;
    server.kill('SIGTERM');
    await server.ended;
    restarting = false;
    server = startServer();
  }

  function startServer() {
    const child = spawn(process.execPath, [join(root, '.build', 'server.mjs'), '--dev', ...words], { stdio: 'inherit' });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    ended.then((status) => {
      if (status) console.log('The server stopped; save a file below lib/ to start it again, or press Ctrl-C.');
    });
    return { kill: (signal) => child.kill(signal), ended };
  }
}

function run(file, words, quiet) {
  return new Promise((resolve, reject) => {
    const output = [];
    const child = spawn(file, words, { cwd: root, stdio: ['ignore', quiet ? 'pipe' : 'inherit', quiet ? 'pipe' : 'inherit'] });
    child.stdout?.on('data', (chunk) => output.push(chunk));
    child.stderr?.on('data', (chunk) => output.push(chunk));
    child.on('error', (error) => reject(new Error(`${file} could not be started (${error.code}): is it installed and on the PATH?`)));
    child.on('close', (status, signal) => {
      if (status === 0) resolve();
      else
        reject(
          new Error(`${Buffer.concat(output)}\n\`${[file, ...words].join(' ')}\` failed (${signal ?? status}); what it said is above.`),
        );
    });
  });
}

function needWritable() {
  try {
    accessSync(root, constants.W_OK);
  } catch {
    throw new Error(
      `${root} cannot be written to, and the packages and the build go there: make it writable, or clone into a folder of your own.`,
    );
  }
}

function sentence(error) {
  if (error?.code === 'EROFS' || error?.code === 'EACCES')
    return `${error.path ?? root} cannot be written to: make it writable and try again.`;
  if (error?.code === 'ENOSPC') return 'The disk is full: make some room and try again.';
  return error instanceof Error ? error.message : String(error);
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

function seconds(since) {
  return `${((Date.now() - since) / 1000).toFixed(1)} s`;
}
