// Which key files are loaded in the workspace's ssh-agent, remembered so that they are loaded again after a restart.
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import ssh2, { type ParsedKey } from 'ssh2';
import { z } from 'zod';
import { readJsonFile, writeJsonFile } from '#lib/tutorial/json-file.ts';

export interface AgentKeysOptions {
  /** The agent's socket. */
  socket: string;
  /** The state file. */
  file: string;
  /** The learner's HOME. */
  home: string;
  /** The ssh-add program, and its environment. */
  sshAdd: string;
  environment: Record<string, string>;
  report: (message: string) => void;
}

export interface AgentKeys {
  /** Loads the files that were loaded; those that are gone or have changed hands are left out and told. */
  reload(): Promise<void>;
  /** Looks at what is loaded now. `command` is what the learner typed in `directory`: it may name the file. */
  remember(command?: string | null, directory?: string): Promise<void>;
}

const schema = z.strictObject({ version: z.literal(1), files: z.array(z.string().max(4096)).max(100) });
const addMs = 5000;
/** A private key is never larger. */
const largestKey = 64 * 1024;

export function createAgentKeys({ socket, file, home, sshAdd, environment, report }: AgentKeysOptions): AgentKeys {
  let files = readJsonFile(file, (json) => schema.parse(json), report)?.files ?? [];
  let looking = Promise.resolve();

  return {
    async reload() {
      for (const key of files) {
        const failure = await addKey(key);
        if (failure) report(`The key ${key} could not be loaded into the ssh-agent again (${failure}). Try \`ssh-add ${key}\`.`);
      }
    },
    remember(command = null, directory = home) {
      looking = looking.then(() => look(command, directory));
      return looking;
    },
  };

  async function look(command: string | null, directory: string): Promise<void> {
    const loaded = await listIdentities(socket).catch(() => null);
    if (!loaded) return; // the agent is gone; what is known stays
    const candidates = [...files, ...loaded.map(({ comment }) => comment), ...namedFiles(command, directory, home), ...usualFiles(home)];
    const found = new Set<string>();
    for (const identity of loaded) {
      const path = candidates.find((candidate) => isAbsolute(candidate) && publicPart(candidate)?.equals(identity.getPublicSSH()));
      if (path) found.add(path);
    }
    if (found.size === files.length && files.every((path) => found.has(path))) return;
    files = [...found];
    try {
      writeJsonFile(file, { version: 1, files });
    } catch (error) {
      report(`Which keys are loaded could not be saved in ${file} (${(error as Error).message}).`);
    }
  }

  function addKey(key: string): Promise<string | null> {
    return new Promise((resolve) => {
      // No terminal and no way to ask: a key with a passphrase is refused instead of waited for.
      const ours: Record<string, string> = { ...environment, HOME: home, SSH_AUTH_SOCK: socket, SSH_ASKPASS_REQUIRE: 'never' };
      const child = execFile(sshAdd, ['-q', key], { env: ours as NodeJS.ProcessEnv, timeout: addMs }, (error, _stdout, stderr) =>
        resolve(error && (stderr.trim().split('\n').at(-1) || error.message)),
      );
      child.stdin?.end();
    });
  }
}

function listIdentities(socket: string): Promise<ParsedKey[]> {
  return new Promise((resolve, reject) => {
    new ssh2.OpenSSHAgent(socket).getIdentities((error, keys) => (error ? reject(error) : resolve((keys ?? []) as ParsedKey[])));
  });
}

/** The words of an `ssh-add` command that could be files. */
function namedFiles(command: string | null, directory: string, home: string): string[] {
  if (!command?.includes('ssh-add')) return [];
  return command
    .split(/[\s;&|'"]+/)
    .filter((word) => word && !word.startsWith('-'))
    .map((word) => word.replace(/^~(?=\/)/, home).replace(/^\$(HOME|\{HOME\})(?=\/)/, home))
    .map((word) => (isAbsolute(word) ? word : join(directory, word)));
}

/** Where the walkthrough's key lies, and where ssh-add looks by itself. */
function usualFiles(home: string): string[] {
  let own: string[] = [];
  try {
    own = readdirSync(join(home, '.ssh')).filter((name) => name.startsWith('id_') && !name.endsWith('.pub'));
  } catch {
    // there is no such folder
  }
  return [join(home, '.vagrant.d', 'insecure_private_key'), ...own.map((name) => join(home, '.ssh', name))];
}

/** The public half of a private key file; null when it is none, or has a passphrase. */
function publicPart(path: string): Buffer | null {
  try {
    const { size } = statSync(path);
    const key = size <= largestKey ? ssh2.utils.parseKey(readFileSync(path)) : null;
    return key && !(key instanceof Error) && key.isPrivateKey() ? key.getPublicSSH() : null;
  } catch {
    return null;
  }
}
