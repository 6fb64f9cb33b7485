// `npm run tutorial -- test`: plays the whole tutorial without a page, in a workspace and a lab of its own, and says what does not hold.
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadContent } from '#lib/content/load-content.ts';
import { findProgram } from '#lib/doctor/tools.ts';
import { markVariable } from '#lib/lab/api.ts';
import type { TerminalName } from '#lib/shared/chapter.ts';
import { startPtyHost } from '#lib/terminal/pty-host.ts';
import { openTerminal, type Terminal } from '#lib/terminal/terminal.ts';
import { createChecker } from '#lib/tutorial/checker.ts';
import { visibleLines } from '#lib/tutorial/expectation.ts';
import { rehearse, type StepResult } from '#lib/tutorial/rehearsal.ts';
import { type PlannedStep, planRehearsal } from '#lib/tutorial/rehearsal-plan.ts';
import { describeResult, describeSurvivors, makeReport, toJunit } from '#lib/tutorial/rehearsal-report.ts';
import { startChildren } from './children.ts';
import { readSettings } from './settings.ts';
import { createClosers } from './shutdown.ts';
import { markedProcesses } from './survivors.ts';
import { openWorkspace } from './workspace.ts';

const root = process.cwd();
/** The bundles lie side by side, this one among them. */
const programs = fileURLToPath(new URL('.', import.meta.url));
const usage = 'npm run tutorial -- test [--chapter NAME] [--json] [--junit FILE] [--content FOLDER]';
/** What was closed may need a moment to be gone. */
const goneMs = 3000;
const size = { cols: 120, rows: 40 };

const closers = createClosers(say);
let workspaceDirectory: string | undefined;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stopOn(signal));

try {
  process.exitCode = await test(readWords(process.argv.slice(2)));
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 2;
} finally {
  await closers.close();
  removeWorkspace();
}
process.exit();

interface Words {
  chapter: string | null;
  json: boolean;
  junit: string | null;
  content: string;
}

/** Answers with the exit status: 0 when everything holds, else 1. */
async function test({ chapter, json, junit, content }: Words): Promise<number> {
  const began = performance.now();
  const { chapters } = await loadContent(content);
  const plan = planRehearsal(chapters, chapter);
  workspaceDirectory = mkdtempSync(join(tmpdir(), 'coreos-rehearsal-'));
  const settings = readSettings(root, programs, ['--workspace', workspaceDirectory, '--port', '0'], process.env);
  const workspace = await openWorkspace(settings.workspace);
  closers.add('the workspace', () => workspace.close());
  const children = await startChildren(settings, workspace, closers, say);
  const { environment, variables } = children;
  const host = startPtyHost({
    program: join(programs, 'pty-host.mjs'),
    environment: { [markVariable]: workspace.mark },
    onCrash: () => say('The process that holds the terminals ended unexpectedly.'),
  });
  closers.add('the process of the terminals', () => host.close());
  const bash = findProgram('bash', environment.PATH ?? '');
  if (!bash) throw new Error('The steps need bash, and it is not installed.');
  const home = environment.HOME as string;
  const terminals = new Map<TerminalName, Promise<Terminal>>();
  const open = (name: TerminalName) => {
    const shell = { name, host, bash, home, directory: home, environment, size, runDirectory: workspace.run };
    const terminal = terminals.get(name) ?? openTerminal(shell);
    terminals.set(name, terminal);
    return terminal;
  };
  closers.add('the terminals', async () => {
    for (const terminal of terminals.values()) await (await terminal).close();
  });

  const results = await rehearse({
    plan,
    terminal: open,
    checker: createChecker({ host, bash, environment, variables }),
    variables,
    onResult: announce(plan, chapters),
  });
  const failed = results.some(({ status }) => status === 'failed');
  const kept = failed ? await keepTerminals(terminals) : null;
  await closers.close();
  const survivors = await findSurvivors(workspace.mark);

  const report = makeReport(results, survivors, performance.now() - began, kept);
  if (json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  if (junit !== null) writeFileSync(resolve(junit), toJunit(report));
  say(`\n${describeSurvivors(survivors)}`);
  if (kept) say(`The terminals’ text is in ${kept}.`);
  const { passed, skipped } = report;
  say(`${passed} passed, ${report.failed} failed${skipped ? `, ${skipped} skipped` : ''} in ${(report.duration / 1000).toFixed(1)} s`);
  return report.failed > 0 ? 1 : 0;
}

/** Progress lines, with a headline where a chapter begins and where taking back begins. */
function announce(plan: PlannedStep[], chapters: { slug: string; number: number; title: string }[]) {
  let headline = '';
  return (result: StepResult) => {
    const chapter = chapters.find(({ slug }) => slug === result.chapter);
    const next = result.part === 'undo' ? 'Taking back' : `${chapter?.number}. ${chapter?.title}`;
    if (headline === '') say(`${plan.length} steps`);
    if (next !== headline) say(`\n${next}`);
    headline = next;
    say(describeResult(result));
  };
}

/** Everything that the terminals showed, in a folder that stays. */
async function keepTerminals(terminals: Map<TerminalName, Promise<Terminal>>): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'coreos-terminals-'));
  mkdirSync(folder, { recursive: true });
  for (const [name, terminal] of terminals) {
    const { log } = await terminal;
    writeFileSync(join(folder, `${name}.txt`), `${visibleLines(log.slice(log.start, log.end)).join('\n')}\n`);
  }
  return folder;
}

async function findSurvivors(mark: string): Promise<number[]> {
  const deadline = performance.now() + goneMs;
  for (;;) {
    const found = markedProcesses(mark);
    if (found.length === 0 || performance.now() > deadline) return found;
    await delay(100);
  }
}

function readWords(words: string[]): Words {
  try {
    const { values, positionals } = parseArgs({
      args: words,
      allowPositionals: true,
      options: { chapter: { type: 'string' }, json: { type: 'boolean' }, junit: { type: 'string' }, content: { type: 'string' } },
    });
    if (positionals.length !== 1 || positionals[0] !== 'test') throw new Error('Say what to do with the tutorial');
    const content = resolve(values.content ?? join(root, 'content'));
    if (!existsSync(content)) throw new Error(`There is no folder ${content}`);
    return { chapter: values.chapter ?? null, json: values.json ?? false, junit: values.junit ?? null, content };
  } catch (error) {
    throw new Error(`${(error as Error).message.split('. ')[0]}. It works like this: ${usage}`);
  }
}

/** People read the progress; a program that asked for JSON gets nothing else on standard output. */
function say(text: string): void {
  console.error(text);
}

async function stopOn(signal: NodeJS.Signals): Promise<void> {
  say(`\n${signal}: stopping …`);
  await closers.close();
  removeWorkspace();
  process.exit(130);
}

function removeWorkspace(): void {
  if (workspaceDirectory) rmSync(workspaceDirectory, { recursive: true, force: true });
}
