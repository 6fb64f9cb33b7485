/** The tutorial's text as data: what `lib/content` parses from Markdown and the pages draw. Everything here is plain JSON. */

export interface ChapterSummary {
  /** File name without number and ending; the page's address. */
  slug: string;
  /** 1-based position, from the file name. */
  number: number;
  title: string;
  summary: string;
  /** Reading time in minutes. */
  minutes: number;
  /** The part of the architecture diagram this chapter is about. */
  focus: DiagramPart | null;
  /** Second- and third-level headings in order, for deep links. */
  headings: { id: string; title: string; level: 2 | 3 }[];
  /** Ids of the chapter's steps in order. */
  steps: string[];
}

export interface Chapter extends ChapterSummary {
  blocks: Block[];
}

export const diagramParts = ['machine', 'container', 'server', 'vagrant', 'etcd', 'fleetctl', 'systemd'] as const;
export type DiagramPart = (typeof diagramParts)[number];

export type Block =
  /** HTML that markdown-it rendered with raw HTML off. */
  | { kind: 'prose'; html: string }
  | { kind: 'note'; tone: 'note' | 'then-and-now' | 'warning'; title: string; html: string }
  /** A listing that has a Copy button and nothing to run. */
  | { kind: 'listing'; language: string; text: string; title: string | null }
  | { kind: 'diagram'; focus: DiagramPart | null }
  | { kind: 'step'; step: Step };

/** The terminals a step may name with `in=`. */
export const terminalNames = ['shell', 'journal'] as const;
export type TerminalName = (typeof terminalNames)[number];

export interface Step {
  /** Unique in the whole tutorial. */
  id: string;
  title: string;
  /** The commands as the learner reads them; may hold `{{variables}}`. */
  command: string;
  terminal: TerminalName;
  /** Seconds after which the run is stopped; null: never (a step that follows something). */
  timeout: number | null;
  /** A question that the program asks, and the answer that the page offers for it. */
  question: { text: string; answer: string } | null;
  /** Text in the output that proves the step while its command keeps running (`journal -follow`). */
  until: string | null;
  /** Commands that take back what the step did. */
  undo: string | null;
  /** Ids of steps that must have happened before. */
  requires: string[];
  /** Sample output, with placeholders; shown beneath the step, never runnable. */
  expect: string | null;
  /** Shell commands that prove the step, whichever way the learner got there. `before`: they may pass before the step has run. */
  check: { command: string; hint: string; before?: 'any' } | null;
}
