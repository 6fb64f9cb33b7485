import { renderToStaticMarkup } from 'react-dom/server';
import { expect, test } from 'vitest';
import type { Step } from '#lib/shared/chapter.ts';
import type { CheckReport } from '#lib/shared/check.ts';
import type { Run, RunState } from '#lib/shared/run.ts';
import { StepView, type StepViewProps } from './step-view.tsx';

const step: Step = {
  id: 'cluster-up',
  title: 'Start the cluster',
  command: '# boot it\nvagrant up --port {{ssh_port}}\n',
  terminal: 'shell',
  timeout: 300,
  question: null,
  until: null,
  undo: null,
  requires: ['clone'],
  expect: '==> core-01: <ready>\n',
  check: { command: 'true', hint: 'Is core-01 running? Look at `vagrant status`.' },
};
const failing: CheckReport = {
  step: step.id,
  status: 'failed',
  hint: 'Is core-01 running? Look at `vagrant status`.',
  output: '',
  passedAt: null,
};
const ended = { startedAt: 1000, duration: 2140, from: 0, to: 10 };

function draw(state: RunState | null, props: Partial<StepViewProps> = {}): string {
  const run: Run | null = state && { id: 'r1', chapter: 'c', step: step.id, terminal: 'shell', queuedAt: 0, ...state };
  const nothing = () => {};
  return renderToStaticMarkup(
    <StepView
      step={step}
      run={run}
      proven={false}
      check={null}
      comparison={null}
      missing={[]}
      asking={false}
      refusal={null}
      connected={true}
      terminalStatus="prompt"
      waiting={{ blocker: null, other: null }}
      now={4000}
      onRun={nothing}
      onStop={nothing}
      onAnswer={nothing}
      onShow={nothing}
      onMove={nothing}
      {...props}
    />,
  );
}

const text = (html: string) =>
  html
    .replace(/<svg.*?<\/svg>/g, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ');
const runButton = (html: string) => /<button[^>]*class="button button-run"[^>]*>/.exec(html)?.[0];

test('a step that has not run names its terminal on the button and shows no status', () => {
  const html = draw(null);
  expect(text(html)).toContain('Run in shell');
  expect(html).toContain('data-status="idle"');
  expect(html).not.toContain('step-status');
});

test('variables of a command stand out and comments step back', () => {
  const html = draw(null);
  expect(html).toContain('<span class="variable" title="The app fills this in when the step runs.">{{ssh_port}}</span>');
  expect(html).toContain('class="line comment"');
});

test('the sample output is shown as text, never as markup, and nothing in it can be run', () => {
  const sample = /<details.*<\/details>/s.exec(draw(null))?.[0];
  expect(sample).toContain('==&gt; core-01: &lt;ready&gt;');
  expect(sample).not.toContain('<button');
});

test('while a click is on its way the button is off and busy', () => {
  const button = runButton(draw(null, { asking: true }));
  expect(button).toContain('disabled=""');
  expect(button).toContain('aria-busy="true"');
});

test('without a connection nothing can be started', () => {
  expect(runButton(draw(null, { connected: false }))).toContain('disabled=""');
});

test('a queued run can be taken out and not be started again', () => {
  const html = draw({ status: 'queued' });
  expect(text(html)).toContain('Queued: waits until shell is at its prompt');
  expect(text(html)).toContain('Take out');
  expect(runButton(html)).toBeUndefined();
});

test('a queued run may run in another terminal, or what it waits for be stopped', () => {
  const blocked = text(draw({ status: 'queued' }, { waiting: { blocker: 'r0', other: 'journal' } }));
  expect(blocked).toContain('Run in journal instead');
  expect(blocked).toContain('Stop what runs there');
  // The learner's own command is stopped where it was typed.
  const typed = text(draw({ status: 'queued' }, { waiting: { blocker: null, other: null } }));
  expect(typed).toContain('Show in shell');
  expect(typed).not.toMatch(/instead|Stop what/);
});

test('a running run shows its seconds and can be stopped', () => {
  const html = draw({ status: 'running', startedAt: 1000, from: 0, question: null, reached: false });
  expect(text(html)).toContain('Running · 3 s');
  expect(html).toContain('button-stop');
  expect(runButton(html)).toBeUndefined();
});

test('a question offers the answer of the step and the terminal', () => {
  const question = { text: 'Continue connecting (yes/no)?', answer: 'yes' };
  const html = text(draw({ status: 'running', startedAt: 1000, from: 0, question, reached: false }));
  expect(html).toContain('Continue connecting (yes/no)?');
  expect(html).toContain('Answer “yes”');
  expect(html).toContain('or type an answer yourself in shell');
});

test('a followed step says that its text was seen and can still be stopped', () => {
  const html = draw({ status: 'running', startedAt: 1000, from: 0, question: null, reached: true });
  expect(text(html)).toContain('Seen — still following · 3 s');
  expect(html).toContain('button-stop');
});

test('a run that succeeded is not called done before there is proof', () => {
  const html = draw({ status: 'succeeded', ...ended });
  expect(text(html)).toContain('Succeeded in 2.1 s');
  expect(html).toContain('data-proven="false"');
  expect(draw({ status: 'succeeded', ...ended }, { proven: true })).toContain('data-proven="true"');
});

test('a failed run shows exit status and reason, and the hint of its check', () => {
  const html = draw({ status: 'failed', exitStatus: 1, reason: '`vagrant up` ended with 1.', ...ended }, { check: failing });
  expect(text(html)).toContain('Failed with exit status 1 after 2.1 s');
  expect(html).toContain('<code>vagrant up</code> ended with 1.');
  expect(html).toContain('Look at <code>vagrant status</code>.');
});

test('a run that succeeded while its check fails does not look good, says why, and offers the step as the fix', () => {
  const html = draw({ status: 'succeeded', ...ended }, { check: failing });
  expect(html).not.toContain('data-tone="good"');
  expect(html).toContain('data-proven="false"');
  expect(text(html)).toContain('Ended with exit status 0 after 2.1 s');
  expect(text(html)).toContain('but its check fails. Is core-01 running?');
  expect(html).toMatch(/<button[^>]*>Fix: run it/);
});

test('while the check of a run is out, nothing looks good yet', () => {
  const html = draw({ status: 'succeeded', ...ended }, { check: { ...failing, status: 'running', hint: null } });
  expect(html).not.toContain('data-tone="good"');
  expect(text(html)).toContain('Checking the result');
});

test('a check that passes is shown with the run, without one, and beside a run that failed', () => {
  const props = { check: { ...failing, status: 'passed', hint: null, passedAt: 4000 }, proven: true } as const;
  expect(text(draw({ status: 'succeeded', ...ended }, props))).toMatch(/Succeeded in 2\.1 s .* Checked: the result is there\./);
  expect(text(draw(null, props))).toContain('Checked: the result is there.');
  expect(text(draw({ status: 'failed', exitStatus: 128, reason: 'r', ...ended }, props))).toContain('Checked: the result is there.');
  expect(text(draw(null, { ...props, proven: false }))).not.toContain('Checked');
});

test('what was done and is undone by now says so, without alarm', () => {
  for (const html of [
    draw({ status: 'succeeded', ...ended }, { proven: true, check: { ...failing, passedAt: 4000 } }),
    draw(null, { proven: true, check: failing }),
  ]) {
    expect(text(html)).toContain('It was done; by now the result is no longer there.');
    expect(text(html)).toContain('(done before)');
    expect(html).toContain('data-proven="past"');
    expect(html).not.toContain('data-tone="bad"');
  }
});

test('a step that nobody has tried shows nothing of its failing check', () => {
  expect(text(draw(null, { check: failing }))).not.toMatch(/check|Is core-01 running/i);
});

test('output that differs from the sample shows the difference line by line, in words as well', () => {
  const lines = [
    { kind: 'same', text: 'Booting' },
    { kind: 'missing', text: '<ready>' },
    { kind: 'extra', text: 'late' },
  ] as const;
  const html = draw({ status: 'succeeded', ...ended }, { comparison: { step: step.id, run: 'r1', matched: false, lines: [...lines] } });
  expect(text(html)).toContain('differs from the sample');
  expect(text(html)).toContain('Only in the sample: &lt;ready&gt;');
  expect(text(html)).toContain('Only in the output: late');
  const alike = draw(null, { comparison: { step: step.id, run: 'r1', matched: true, lines: [] } });
  expect(text(alike)).toContain('as in the sample');
});

test('a stopped and an interrupted run can be run again', () => {
  expect(text(draw({ status: 'cancelled', ...ended }))).toContain('Stopped after 2.1 s');
  const html = text(draw({ status: 'interrupted', reason: 'The app stopped.', ...ended }));
  expect(html).toContain('Interrupted after 2.1 s The app stopped.');
  expect(html).toContain('Run again in shell');
});

test('the reason of a refused click is an alert', () => {
  expect(draw(null, { refusal: 'The step is not part of this chapter.' })).toMatch(
    /role="alert"[^>]*>The step is not part of this chapter\./,
  );
});

test('a step whose requirements are missing says which, with links', () => {
  const html = draw(null, { missing: [{ id: 'clone', title: 'Clone the repository', href: '/tools#clone' }] });
  expect(html).toContain('<a href="/tools#clone">Clone the repository</a>');
});

test('where the shell has ended the step says so and cannot be started', () => {
  const html = draw(null, { terminalStatus: 'exited' });
  expect(runButton(html)).toContain('disabled=""');
  expect(text(html)).toContain('Its shell has ended.');
});
