// The exec routes of the Docker Engine API: one more Node program in a running container.
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { ApiCall, Route } from './api-call.ts';
import { streamType, viewerOf } from './api-containers.ts';
import { ApiError } from './api-error.ts';
import type { Container } from './container.ts';
import type { RunningProcess } from './container-process.ts';
import type { Containers } from './containers.ts';
import type { OutputStream } from './stream-frames.ts';

const execSchema = z.looseObject({
  Cmd: z.array(z.string()).min(1),
  Env: z.array(z.string()).nullish(),
  WorkingDir: z.string().nullish(),
  Tty: z.boolean().nullish(),
  AttachStdin: z.boolean().nullish(),
  AttachStdout: z.boolean().nullish(),
  AttachStderr: z.boolean().nullish(),
  Privileged: z.literal(false).nullish(),
  User: z.literal('').nullish(),
});

interface Execution {
  container: Container;
  options: z.infer<typeof execSchema>;
  process: RunningProcess | null;
  exitCode: number | null;
}

/** Their status can be asked for after their end, but not for ever. */
const rememberedExecutions = 100;

export function execRoutes(containers: Containers): Route[] {
  const executions = new Map<string, Execution>();

  function find(call: ApiCall): Execution {
    const execution = executions.get(call.params[0]!);
    if (!execution) throw new ApiError(404, `No such exec instance: ${call.params[0]}`);
    return execution;
  }

  async function start(call: ApiCall): Promise<void> {
    const execution = find(call);
    const { container, options } = execution;
    const { Detach } = z.looseObject({ Detach: z.boolean().nullish() }).parse(await call.body());
    if (execution.process) throw new ApiError(409, 'the exec instance was started already');
    const process = await container.exec({
      argv: options.Cmd,
      env: options.Env ?? [],
      workingDir: options.WorkingDir || container.record.options.workingDir,
      stdin: options.AttachStdin === true && !Detach,
    });
    execution.process = process;
    const ended = process.exited.then((status) => {
      execution.exitCode = status;
    });
    if (Detach) {
      process.stdout.resume();
      process.stderr.resume();
      return call.empty(200);
    }
    const tty = options.Tty === true;
    const wanted: OutputStream[] = [
      ...(options.AttachStdout ? ['stdout' as const] : []),
      ...(options.AttachStderr ? ['stderr' as const] : []),
    ];
    const { output, input } = call.hijack(streamType(tty));
    const viewer = viewerOf(output, tty, wanted);
    for (const stream of ['stdout', 'stderr'] as const) {
      process[stream].on('data', (bytes: Buffer) => {
        viewer.output(stream, bytes);
        const wait = viewer.ready();
        if (!wait) return;
        process[stream].pause();
        void wait.then(() => process[stream].resume());
      });
    }
    if (process.stdin && input) input.pipe(process.stdin);
    else input?.resume();
    await ended;
    viewer.end();
  }

  return [
    [
      'POST',
      /^\/containers\/([^/]+)\/exec$/,
      async (call) => {
        const container = containers.find(call.params[0]!);
        const options = execSchema.safeParse(await call.body());
        if (!options.success)
          throw new ApiError(
            400,
            `invalid exec configuration: ${options.error.issues[0]!.path.join('.')}: ${options.error.issues[0]!.message}`,
          );
        if (container.record.state.status !== 'running') throw new ApiError(409, `container ${container.record.id} is not running`);
        const id = randomBytes(32).toString('hex');
        executions.set(id, { container, options: options.data, process: null, exitCode: null });
        if (executions.size > rememberedExecutions) executions.delete(executions.keys().next().value!);
        call.json(201, { Id: id });
      },
    ],
    ['POST', /^\/exec\/([^/]+)\/start$/, start],
    ['POST', /^\/exec\/([^/]+)\/resize$/, (call) => call.empty(200)],
    [
      'GET',
      /^\/exec\/([^/]+)\/json$/,
      (call) => {
        const { container, process, exitCode } = find(call);
        call.json(200, {
          ID: call.params[0],
          ContainerID: container.record.id,
          Running: process !== null && exitCode === null,
          ExitCode: exitCode,
          Pid: process?.pid ?? 0,
        });
      },
    ],
  ];
}
