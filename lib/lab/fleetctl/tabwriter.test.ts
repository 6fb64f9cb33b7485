import { expect, test } from 'vitest';
import { formatTable } from './tabwriter.ts';

test("the columns are those of Go's tabwriter", () => {
  expect(
    formatTable([
      ['MACHINE', 'IP', 'METADATA'],
      ['4c389e87...', '172.17.8.101', '-'],
      ['85c0c595...', '172.17.8.102', 'disk=ssd,region=us-east-1'],
    ]),
  ).toBe('MACHINE\t\tIP\t\tMETADATA\n4c389e87...\t172.17.8.101\t-\n85c0c595...\t172.17.8.102\tdisk=ssd,region=us-east-1\n');
  expect(
    formatTable([
      ['UNIT', 'MACHINE', 'ACTIVE', 'SUB'],
      ['reflector.service', '4c389e87.../172.17.8.101', 'active', 'running'],
    ]),
  ).toBe('UNIT\t\t\tMACHINE\t\t\t\tACTIVE\tSUB\nreflector.service\t4c389e87.../172.17.8.101\tactive\trunning\n');
});

test('a heading alone has single TABs, and no rows are no text', () => {
  expect(formatTable([['UNIT', 'HASH', 'DSTATE', 'STATE', 'TARGET']])).toBe('UNIT\tHASH\tDSTATE\tSTATE\tTARGET\n');
  expect(formatTable([])).toBe('');
});
