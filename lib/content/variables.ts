import { listChoices, type Report } from './problems.ts';

/**
 * The names that content may write as `{{name}}`; the server fills them in when a step runs or a page is drawn.
 * `ssh_port`: where `vagrant up` forwarded core-01's SSH port. `discovery`: base URL of the lab's discovery service, without a final slash.
 * `address`: core-01's address inside the lab.
 */
export const contentVariables = ['ssh_port', 'discovery', 'address'] as const;
export type ContentVariable = (typeof contentVariables)[number];

/** Only plain words count, so that format strings of other programs (`{{.Names}}`) stay what they are. */
const variable = /\{\{\s*(\w+)\s*\}\}/g;

export function checkVariables(text: string, firstLine: number, report: Report) {
  for (const [index, line] of text.split('\n').entries()) {
    for (const [written, name] of line.matchAll(variable)) {
      if (contentVariables.some((known) => written === `{{${known}}}`)) continue;
      const known = listChoices(contentVariables.map((each) => `{{${each}}}`));
      report(firstLine + index, `nothing fills in the variable "${name}", written ${written}. Write ${known}.`);
    }
  }
}
