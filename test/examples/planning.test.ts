import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { plan } from '../../lib/planner/plan.ts';
import { readPlanInput, type ReadFleet } from '../../lib/planner-files/plan-input.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const example = join(root, 'examples/planning');
/** A Thursday; the campaign of the example's calendar is on the Tuesday after. */
const now = '2026-03-05T09:00:00Z';
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cellstamp-example-'));
  for (const part of ['cells', 'planning.yaml', 'calendar.yaml']) {
    cpSync(join(example, part), join(folder, part), { recursive: true });
  }
  const history = execFileSync(join(root, 'node_modules/.bin/tsx'), [join(example, 'make-history.ts'), now], {
    maxBuffer: 2 ** 26,
  });
  mkdirSync(join(folder, 'history'));
  writeFileSync(join(folder, 'history/tenants.csv'), history);
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

const read = (): Promise<ReadFleet> =>
  readPlanInput({ cells: join(folder, 'cells'), planning: join(folder, 'planning.yaml'), now: Date.parse(now) });

it('the example fleet is planned from its history: the waiting tenant gets a cell', async () => {
  const { input, notes } = await read();
  const { actions, cells } = plan(input);
  expect(notes).toEqual(['1 of 9 tenants without a history: expected to use what their limits were sized for']);
  expect(actions.filter(({ kind }) => kind === 'hold')).toEqual([]);
  expect(actions).toContainEqual(expect.objectContaining({ kind: 'place', tenant: 'stark', cell: 'euc1-b' }));
  expect(cells.map(({ name, crossesAt }) => [name, crossesAt])).toEqual([
    ['euc1-a', null],
    ['euc1-b', null],
  ]);
});

it('and what its calendar announces is expected of the tenant’s cell at that hour', async () => {
  const { input } = await read();
  const quiet = { ...input, cells: input.cells.map(({ announced: _announced, ...cell }) => cell) };
  const [with_, without] = [input, quiet].map((one) => plan(one).cells);
  // 50,000 people, every twentieth calls in that hour for 4 minutes: 167 calls at once.
  expect(with_![0]!.erlangs).toBeGreaterThan(without![0]!.erlangs + 100);
  expect(with_![1]).toEqual(without![1]);
});
