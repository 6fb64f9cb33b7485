import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ProcessExit } from './exit.ts';
import { machineClock } from './machine-clock.ts';
import { readService } from './read-service.ts';
import { type ServiceLife, serviceLife } from './service-life.ts';
import type { ServiceSettings } from './service-settings.ts';
import type { ServiceStatus, ServiceWorld } from './service-state.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const success: ProcessExit = { code: 'exited', status: 0 };
const failure: ProcessExit = { code: 'exited', status: 1 };
const killed: ProcessExit = { code: 'killed', signal: 'SIGKILL' };
const terminated: ProcessExit = { code: 'killed', signal: 'SIGTERM' };

interface FakeProcess {
  pid: number;
  path: string;
  mainPid: number | null;
  end(exit: ProcessExit): void;
}

function read(lines: string): ServiceSettings {
  return readService('a.service', `[Service]\n${lines}`, { hostname: 'h', machineId: 'm', bootId: 'b', kernel: 'k' }).settings!;
}

/** A service whose processes are ended by the test, and which restarts itself at once when RestartSec= is over. */
function service(lines: string, { survives = false } = {}) {
  let settings = read(lines);
  const alive = new Map<number, FakeProcess>();
  const strays = new Set<number>();
  const states: ServiceStatus[] = [];
  const log: string[] = [];
  const signals: string[] = [];
  const ran: FakeProcess[] = [];
  let missing: string | null = null;
  const world: ServiceWorld = {
    settings: () => settings,
    prepare() {},
    spawn(command, _phase, mainPid, ended) {
      if (missing) throw new Error(missing);
      const pid = 100 + ran.length;
      const process: FakeProcess = {
        pid,
        path: command.path,
        mainPid,
        end(exit) {
          if (alive.delete(pid)) ended(exit);
        },
      };
      alive.set(pid, process);
      ran.push(process);
      return { pid };
    },
    findMain: () => null,
    members: () => [...alive.keys(), ...strays],
    kill(pids, signal) {
      if (signal === 'SIGCONT') return;
      signals.push(`${signal} ${pids.join(' ')}`.trim());
      if (signal !== 'SIGKILL' || survives) return;
      setTimeout(() => {
        for (const pid of pids) {
          strays.delete(pid);
          alive.get(pid)?.end(killed);
        }
      });
    },
    log: (message) => log.push(message),
    changed: (state) => states.push(state.status),
    restart: () => life.start(),
    ...machineClock(() => Date.now()),
  };
  const life: ServiceLife = serviceLife('a.service', world);
  return {
    life,
    states,
    log,
    signals,
    ran,
    strays,
    last: () => ran.at(-1)!,
    reload(changed: string) {
      settings = read(changed);
    },
    lack(message: string | null) {
      missing = message;
    },
  };
}

test('ExecStartPre= lines run one after another, then the service runs', () => {
  const { life, states, ran, last } = service('ExecStartPre=/bin/a\nExecStartPre=/bin/b\nExecStart=/bin/c');
  life.start();
  expect([life.state.status, life.control?.pid]).toEqual(['start-pre', 100]);
  last().end(success);
  expect(ran.map(({ path }) => path)).toEqual(['/bin/a', '/bin/b']);
  last().end(success);
  expect([life.state.status, life.main?.pid]).toEqual(['running', 102]);
  expect(states).toEqual(['start-pre', 'running']);
});

test('a failing ExecStartPre= fails the unit and nothing more is run', () => {
  const { life, states, ran, log, last } = service('ExecStartPre=/bin/a\nExecStart=/bin/c');
  life.start();
  last().end(failure);
  expect(states).toEqual(['start-pre', 'failed']);
  expect(life.result).toBe('exit-code');
  expect(ran).toHaveLength(1);
  expect(log).toEqual(['a.service: control process exited, code=exited status=1']);
});

test('a failing command with the - prefix is passed over', () => {
  const { life, log, last } = service('ExecStartPre=-/bin/a\nExecStart=/bin/c');
  life.start();
  last().end(failure);
  expect(life.state.status).toBe('running');
  expect(log).toEqual([]);
});

test.each([
  [success, 'dead', 'success', []],
  [terminated, 'dead', 'success', []],
  [failure, 'failed', 'exit-code', ['a.service: main process exited, code=exited, status=1/FAILURE']],
  [killed, 'failed', 'signal', ['a.service: main process exited, code=killed, status=9/KILL']],
] as const)('a main process that ends with %j leaves the unit %s', (exit, status, result, messages) => {
  const { life, log, last } = service('ExecStart=/bin/c');
  life.start();
  last().end(exit);
  expect([life.state.status, life.result, log]).toEqual([status, result, messages]);
});

test('SuccessExitStatus= adds to what counts as success', () => {
  const { life, last } = service('ExecStart=/bin/c\nSuccessExitStatus=143 KILL');
  life.start();
  last().end({ code: 'exited', status: 143 });
  expect(life.state.status).toBe('dead');
  life.start();
  last().end(killed);
  expect(life.state.status).toBe('dead');
});

test('a oneshot unit is activating while its commands run and dead afterwards', () => {
  const { life, states, last } = service('Type=oneshot\nExecStart=/bin/a\nExecStart=/bin/b');
  life.start();
  expect(life.state.status).toBe('start');
  last().end(success);
  expect([life.state.status, last().path]).toEqual(['start', '/bin/b']);
  last().end(success);
  expect(states).toEqual(['start', 'dead']);
});

test('RemainAfterExit= keeps a finished unit active until it is stopped', () => {
  const { life, last } = service('Type=oneshot\nRemainAfterExit=yes\nExecStart=/bin/a\nExecStop=/bin/b');
  life.start();
  last().end(success);
  expect(life.state.status).toBe('exited');
  life.stop();
  expect([life.state.status, last().path]).toEqual(['stop', '/bin/b']);
  last().end(success);
  expect(life.state.status).toBe('dead');
});

test('a oneshot unit may have nothing to start', () => {
  const { life } = service('Type=oneshot\nRemainAfterExit=yes\nExecStop=/bin/b');
  life.start();
  expect(life.state.status).toBe('exited');
});

test('ExecStartPost= runs while the main process runs, and its failure stops the unit', () => {
  const { life, states, last, ran, signals } = service('ExecStart=/bin/a\nExecStartPost=/bin/b');
  life.start();
  expect([life.state.status, last().mainPid]).toEqual(['start-post', 100]);
  last().end(failure);
  expect([life.state.status, signals]).toEqual(['stop-sigterm', ['SIGTERM 100']]);
  ran[0]!.end(terminated);
  expect(states).toEqual(['start-post', 'stop-sigterm', 'failed']);
});

test('stopping runs ExecStop= with the main process, terminates what is left, then runs ExecStopPost=', () => {
  const { life, states, ran, signals, last } = service('ExecStart=/bin/a\nExecStop=/bin/b\nExecStopPost=/bin/c');
  life.start();
  life.stop();
  expect([last().path, last().mainPid]).toEqual(['/bin/b', 100]);
  last().end(success);
  expect(signals).toEqual(['SIGTERM 100']);
  ran[0]!.end(terminated);
  expect([last().path, last().mainPid]).toEqual(['/bin/c', null]);
  last().end(success);
  expect(states).toEqual(['running', 'stop', 'stop-sigterm', 'stop-post', 'dead']);
});

test('ExecStopPost= runs after a failed start too, ExecStop= does not', () => {
  const { life, ran, last } = service('ExecStartPre=/bin/a\nExecStart=/bin/b\nExecStop=/bin/c\nExecStopPost=/bin/d');
  life.start();
  last().end(failure);
  last().end(success);
  expect(ran.map(({ path }) => path)).toEqual(['/bin/a', '/bin/d']);
  expect(life.state.status).toBe('failed');
});

test('a stop while ExecStartPre= runs terminates it and goes no further', () => {
  const { life, states, ran, last } = service('ExecStartPre=/bin/a\nExecStart=/bin/b');
  life.start();
  life.stop();
  last().end(terminated);
  expect(states).toEqual(['start-pre', 'stop-sigterm', 'dead']);
  expect(ran).toHaveLength(1);
});

test('a process that ignores TERM is killed after TimeoutStopSec=', () => {
  const { life, states, signals, log } = service('ExecStart=/bin/a\nTimeoutStopSec=5');
  life.start();
  life.stop();
  vi.advanceTimersByTime(4999);
  expect(life.state.status).toBe('stop-sigterm');
  vi.advanceTimersByTime(1);
  expect(signals).toEqual(['SIGTERM 100', 'SIGKILL 100']);
  expect(log[0]).toBe('a.service stop-sigterm timed out. Killing.');
  vi.advanceTimersByTime(1000);
  expect(states.at(-1)).toBe('failed');
  expect(life.result).toBe('timeout');
});

test('a process that even SIGKILL does not end is given up', () => {
  const { life, log } = service('ExecStart=/bin/a\nTimeoutStopSec=5', { survives: true });
  life.start();
  life.stop();
  vi.advanceTimersByTime(30_000);
  expect(life.state.status).toBe('failed');
  expect(log).toContain('a.service still around after final SIGKILL. Entering failed mode.');
});

test('a start that takes longer than TimeoutStartSec= fails, and 0 means that it may take for ever', () => {
  const { life, states, log, last } = service('ExecStartPre=/bin/a\nExecStart=/bin/b\nTimeoutStartSec=5');
  life.start();
  vi.advanceTimersByTime(5000);
  expect(log).toEqual(['a.service start-pre operation timed out. Terminating.']);
  last().end(terminated);
  expect(states).toEqual(['start-pre', 'stop-sigterm', 'failed']);
  expect(life.result).toBe('timeout');

  const patient = service('ExecStartPre=/bin/a\nExecStart=/bin/b\nTimeoutStartSec=0');
  patient.life.start();
  vi.advanceTimersByTime(10 * 86_400_000);
  expect(patient.life.state.status).toBe('start-pre');
});

test('processes that the main process leaves behind are terminated before the unit is dead', () => {
  const { life, states, strays, signals, last } = service('ExecStart=/bin/a');
  life.start();
  strays.add(500);
  last().end(success);
  expect([states.at(-1), signals]).toEqual(['stop-sigterm', ['SIGTERM 500']]);
  strays.clear();
  vi.advanceTimersByTime(1000);
  expect(states).toEqual(['running', 'stop-sigterm', 'dead']);
});

test.each([
  ['control-group', 'SIGTERM 100 500', 'SIGKILL 100 500'],
  ['mixed', 'SIGTERM 100', 'SIGKILL 100 500'],
  ['process', 'SIGTERM 100', 'SIGKILL 100'],
])('KillMode=%s terminates and kills the processes it names', (mode, first, second) => {
  const { life, strays, signals } = service(`ExecStart=/bin/a\nKillMode=${mode}\nTimeoutStopSec=5`);
  life.start();
  strays.add(500);
  life.stop();
  vi.advanceTimersByTime(5000);
  expect(signals.slice(0, 2)).toEqual([first, second]);
  vi.advanceTimersByTime(10_000);
  expect(life.state.status).toBe('failed');
  expect(strays.has(500)).toBe(mode === 'process');
});

test('KillMode=none stops a unit without touching its processes', () => {
  const { life, signals, last } = service('ExecStart=/bin/a\nKillMode=none');
  life.start();
  life.stop();
  expect([life.state.status, signals]).toEqual(['dead', []]);
  last().end(failure);
  expect(life.state.status).toBe('dead');
});

test('a resource that is missing at the start fails the unit at once', () => {
  const { life, states, log, lack } = service('ExecStartPre=/bin/a\nExecStart=/bin/b');
  lack('No such file or directory');
  life.start();
  expect([states, life.result]).toEqual([['failed'], 'resources']);
  expect(log).toEqual(["a.service failed to run 'start-pre' task: No such file or directory"]);
});

test.each([
  ['no', []],
  ['always', ['success', 'failure', 'killed']],
  ['on-success', ['success']],
  ['on-failure', ['failure', 'killed']],
  ['on-abnormal', ['killed']],
  ['on-abort', ['killed']],
  ['on-watchdog', []],
])('Restart=%s restarts after %j', (mode, expected) => {
  const restarted = Object.entries({ success, failure, killed }).filter(([, exit]) => {
    const { life, last } = service(`ExecStart=/bin/a\nRestart=${mode}`);
    life.start();
    last().end(exit);
    return life.state.status === 'auto-restart';
  });
  expect(restarted.map(([name]) => name)).toEqual(expected);
});

test('a unit that exits is restarted after RestartSec=', () => {
  const { life, states, log, last } = service('ExecStart=/bin/a\nRestart=always\nRestartSec=2');
  life.start();
  last().end(failure);
  expect(states).toEqual(['running', 'failed', 'auto-restart']);
  vi.advanceTimersByTime(1999);
  expect(life.state.status).toBe('auto-restart');
  vi.advanceTimersByTime(1);
  expect([life.state.status, life.result, life.restarts]).toEqual(['running', 'success', 1]);
  expect(log.at(-1)).toBe('a.service holdoff time over, scheduling restart.');
});

test('a stop while a restart is pending ends the unit', () => {
  const { life, ran, last } = service('ExecStart=/bin/a\nRestart=always');
  life.start();
  last().end(failure);
  life.stop();
  vi.advanceTimersByTime(10_000);
  expect([life.state.status, ran.length]).toEqual(['dead', 1]);
});

test('a unit that is stopped is not restarted', () => {
  const { life, last } = service('ExecStart=/bin/a\nRestart=always');
  life.start();
  life.stop();
  last().end(failure);
  vi.advanceTimersByTime(10_000);
  expect(life.state.status).toBe('failed');
});

test('more than five starts in ten seconds are refused until the unit is reset or the time is over', () => {
  const { life, ran, log, last } = service('ExecStart=/bin/a\nRestart=always');
  life.start();
  for (let round = 0; round < 5; round++) {
    last().end(failure);
    vi.advanceTimersByTime(100);
  }
  expect([life.state.status, life.result, ran.length]).toEqual(['failed', 'start-limit', 5]);
  expect(log.at(-1)).toBe('a.service start request repeated too quickly, refusing to start.');
  life.start();
  expect([life.state.status, ran.length]).toEqual(['failed', 5]);
  life.reset();
  life.start();
  expect([life.state.status, ran.length]).toEqual(['running', 6]);
});

test('the start limit counts the last ten seconds only', () => {
  const { life, ran, last } = service('ExecStart=/bin/a\nRestart=always\nRestartSec=3');
  life.start();
  for (let round = 0; round < 10; round++) {
    last().end(failure);
    vi.advanceTimersByTime(3000);
  }
  expect([life.state.status, ran.length]).toEqual(['running', 11]);
});

test('RestartPreventExitStatus= and RestartForceExitStatus= overrule Restart=', () => {
  const prevented = service('ExecStart=/bin/a\nRestart=always\nRestartPreventExitStatus=1');
  prevented.life.start();
  prevented.last().end(failure);
  expect(prevented.life.state.status).toBe('failed');
  const forced = service('ExecStart=/bin/a\nRestartForceExitStatus=1');
  forced.life.start();
  forced.last().end(failure);
  expect(forced.life.state.status).toBe('auto-restart');
});

test('a unit file that changes while the unit runs is honoured at the stop', () => {
  const { life, reload, last } = service('ExecStart=/bin/a');
  life.start();
  reload('ExecStart=/bin/a\nExecStop=/bin/new');
  life.stop();
  expect(last().path).toBe('/bin/new');
});

test('the end of a process of an earlier activation does not disturb the present one', () => {
  const { life, ran } = service('ExecStart=/bin/a\nKillMode=none');
  life.start();
  life.stop();
  life.start();
  ran[0]!.end(failure);
  expect([life.state.status, life.main?.pid]).toEqual(['running', 101]);
});

test('SendSIGHUP= adds a hang-up to the signal of a stop', () => {
  const { life, signals } = service('ExecStart=/bin/a\nKillSignal=INT\nSendSIGHUP=yes');
  life.start();
  life.stop();
  expect(signals).toEqual(['SIGINT 100', 'SIGHUP 100']);
});

test('a reload leaves the main process alone, and a stop that comes meanwhile ends both', () => {
  const { life, states, ran, signals, last } = service('ExecStart=/bin/a\nExecReload=/bin/r');
  life.start();
  life.reload();
  expect([life.state.status, last().path, last().mainPid]).toEqual(['reload', '/bin/r', 100]);
  last().end(failure);
  expect([life.state.status, life.result, life.main?.pid]).toEqual(['running', 'success', 100]);
  life.reload();
  life.stop();
  expect(signals).toEqual(['SIGTERM 100 102']);
  ran[0]!.end(terminated);
  last().end(terminated);
  vi.advanceTimersByTime(1000);
  expect(states).toEqual(['running', 'reload', 'running', 'reload', 'stop-sigterm', 'dead']);
});

test('a main process that ends during a reload ends the service after it', () => {
  const { life, ran, last } = service('ExecStart=/bin/a\nExecReload=/bin/r');
  life.start();
  life.reload();
  ran[0]!.end(failure);
  expect(life.state.status).toBe('reload');
  last().end(success);
  expect([life.state.status, life.result]).toEqual(['failed', 'exit-code']);
});

test('a reload that takes too long is given up, and the service runs on', () => {
  const { life, log, signals } = service('ExecStart=/bin/a\nExecReload=/bin/r\nTimeoutStartSec=5');
  life.start();
  life.reload();
  vi.advanceTimersByTime(5000);
  expect([life.state.status, log]).toEqual(['running', ['a.service reload operation timed out. Killing reload process.']]);
  expect(signals).toEqual(['SIGKILL 101']);
});

test('when the power is cut no command of a stop is run', () => {
  const { life, ran, signals } = service('ExecStart=/bin/a\nExecStop=/bin/s\nExecStopPost=/bin/p\nRestart=always');
  life.start();
  life.kill();
  life.stop();
  vi.advanceTimersByTime(60_000);
  expect(ran.map(({ path }) => path)).toEqual(['/bin/a']);
  expect(signals[0]).toBe('SIGKILL 100');
  expect(['dead', 'failed']).toContain(life.state.status);
});
