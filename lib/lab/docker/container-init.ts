// Runs before a container's program, in its process (`node --require`): gives it the container's ports and hides the lab.
import { ChildProcess } from 'node:child_process';
import { Socket } from 'node:net';
import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads';
import { redirectListen } from './container-listen.ts';
import { type ContainerSetting, settingVariable } from './container-setting.ts';

/** The file descriptor that the daemon keeps open as long as it lives. */
const lifelineFd = 3;

const written = isMainThread ? process.env[settingVariable] : getEnvironmentData(settingVariable);
if (typeof written === 'string') {
  const setting = JSON.parse(written) as ContainerSetting;
  const forChildren = JSON.stringify({ ...setting, lifeline: false } satisfies ContainerSetting);
  const carried = { ...hideVariables(setting.hidden), [settingVariable]: forChildren };
  redirectListen(setting);
  carryOn(carried);
  if (isMainThread) {
    setEnvironmentData(settingVariable, forChildren);
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
  const lifeline = new Socket({ fd: lifelineFd, readable: true, writable: false });
  lifeline.on('error', () => lifeline.destroy());
  lifeline.on('close', () => process.kill(-process.pid, 'SIGKILL'));
  lifeline.resume();
  lifeline.unref();
}
