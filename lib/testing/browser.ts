// Finds a Chromium for the browser tests: the computer's own, or the one that comes inside an npm package.
import { accessSync, constants, createReadStream, existsSync, mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress } from 'node:zlib';
import { type Browser, chromium } from 'playwright-core';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'microsoft-edge'];
const macPaths = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
];
/** A test machine may be offline; without these the browser tries to reach its maker at every start. */
const quiet = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
  '--no-first-run',
  '--disable-gpu',
];

/**
 * Starts a headless Chromium: CHROME_PATH, else one on the PATH, else the packaged one (Linux x64).
 * @param words further arguments of the browser's command line
 * @throws Error that names what to install when there is none
 */
export async function launchBrowser(words: string[] = []): Promise<Browser> {
  const { executablePath, environment } = findInstalled() ?? (await unpackPackaged());
  // Tests visit loopback only, and the sandbox does not work for root or under some kernels' rules.
  return chromium.launch({
    executablePath,
    chromiumSandbox: false,
    args: [...quiet, ...words],
    env: { ...process.env, ...environment } as Record<string, string>,
  });
}

interface Found {
  executablePath: string;
  environment: Record<string, string>;
}

function findInstalled(): Found | undefined {
  const onPath = (process.env.PATH ?? '').split(delimiter).flatMap((directory) => names.map((name) => join(directory, name)));
  const candidates = [process.env.CHROME_PATH ?? '', ...(process.env.PACKAGED_CHROMIUM ? [] : [...onPath, ...macPaths])];
  const executablePath = candidates.find(isExecutable);
  return executablePath ? { executablePath, environment: {} } : undefined;
}

async function unpackPackaged(): Promise<Found> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error('The browser tests need Chromium or Chrome: install it, or say where it is with CHROME_PATH.');
  }
  const cache = join(process.cwd(), 'node_modules', '.cache', 'chromium');
  mkdirSync(cache, { recursive: true });
  // The package unpacks into the temporary directory, where another user's copy could be in the way.
  process.env.TMPDIR = cache;
  const { default: packaged } = await import('@sparticuz/chromium');
  const executablePath = await packaged.executablePath();
  // A bare machine lacks the libraries that Chromium links to; the package brings them.
  const libraries = join(cache, 'al2023');
  if (!existsSync(join(libraries, 'lib')))
    await inflateTar(join(process.cwd(), 'node_modules/@sparticuz/chromium/bin/al2023.tar.br'), libraries);
  const environment: Record<string, string> = { LD_LIBRARY_PATH: join(libraries, 'lib') };
  if (!existsSync('/etc/fonts')) environment.FONTCONFIG_PATH = join(cache, 'fonts');
  return { executablePath, environment };
}

async function inflateTar(archive: string, directory: string) {
  const { extract } = await import('tar-fs');
  await pipeline(createReadStream(archive), createBrotliDecompress(), extract(directory));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return file !== '';
  } catch {
    return false;
  }
}
