// Runs before a container's program, in its process (`node --require`): gives it the container's ports and signals, and hides the lab.
import { ChildProcess } from 'node:child_process';
import { writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads';
import { redirectConnect } from './container-connect.ts';
import { redirectListen } from './container-listen.ts';
import { type ContainerSetting, settingVariable } from './container-setting.ts';
import { receiveSignals } from './container-signals.ts';

/** The file descriptor that the daemon keeps open as long as it lives. */
const lifelineFd = 3;

const written = isMainThread ? process.env[settingVariable] : getEnvironmentData(settingVariable);
if (typeof written === 'string') {
  const setting = JSON.parse(written) as ContainerSetting;
  for (const name of setting.unset) delete process.env[name];
  const forChildren = JSON.stringify({ ...setting, lifeline: false, first: null } satisfies ContainerSetting);
  const carried = { ...hideVariables(setting.hidden), [settingVariable]: forChildren };
  redirectListen(setting);
  redirectConnect(setting);
  carryOn(carried);
  if (isMainThread) {
    setEnvironmentData(settingVariable, forChildren);
    if (setting.first) receiveSignals(setting.first === 'init');
    if (setting.lifeline) followDaemon();
  }
}

function hideVariables(names: string[]): Record<string, string> {
  const carried: Record<string, string> = {};
  for (const name of names) {
    const value = process.env[name];
    if (value !== undefined) carried[name] = value;
    delete process.env[name];
  }
  delete process.env[settingVariable];
  return carried;
}

/** The program's own children are of this container too: they get the hidden variables, and Node ones this very init. */
function carryOn(carried: Record<string, string>): void {
  const spawn = (ChildProcess.prototype as unknown as { spawn: Spawn }).spawn;
  (ChildProcess.prototype as unknown as { spawn: Spawn }).spawn = function (options) {
    const pairs = Object.entries(carried).map(([name, value]) => `${name}=${value}`);
    options.envPairs = [...(options.envPairs ?? []), ...pairs];
    return spawn.call(this, options);
  };
}

type Spawn = (this: ChildProcess, options: { envPairs?: string[] }) => unknown;

/** When the daemon is gone, nobody could stop this container any more: it ends, with everything it started. */
function followDaemon(): void {
  writeSync(lifelineFd, '.'); // the program is about to run, and signals reach it
  const lifeline = new Socket({ fd: lifelineFd, readable: true, writable: false });
  lifeline.on('error', () => lifeline.destroy());
  lifeline.on('close', endAll);
  lifeline.resume();
  lifeline.unref();
}

/** In the sandbox, process 1 cannot kill itself, but everything there ends with it. */
function endAll(): void {
  if (process.pid === 1) process.exit(137);
  process.kill(-process.pid, 'SIGKILL');
}
