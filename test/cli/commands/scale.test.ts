import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { plan } from '../../../lib/planner/plan.ts';
import { blueprint, cellOf, NOW, specOf, tenantsOf } from '../../planner/plan/fleets.ts';
import { cellstamp } from '../run-command.ts';

const media = { hosts: 8, relay: { calls: 100 }, pools: { standard: [1, 2, 3, 4], 'high-volume': [5, 6, 7, 8] } };
/** High volume needs all of its hosts, standard is well served. */
const wanted = plan({
  now: NOW,
  cells: [
    cellOf(
      'euw1-a',
      { calls: () => 300 },
      { spec: specOf('euw1-a', { media }), elastic: { inService: [1, 2, 5, 6], least: 2 } },
    ),
  ],
  tenants: [
    ...tenantsOf('euw1-a', 10, 60),
    ...tenantsOf('euw1-a', 5, 240, { pool: 'high-volume' }).map((tenant) => ({ ...tenant, id: `p-${tenant.id}` })),
  ],
  blueprints: [blueprint()],
});

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cellstamp-scale-'));
  mkdirSync(join(folder, 'cells'));
  const spec = { name: 'euw1-a', region: 'eu-west-1', media };
  writeFileSync(join(folder, 'cells/euw1-a.yaml'), JSON.stringify(spec));
  writeFileSync(join(folder, 'plan.json'), JSON.stringify(wanted));
});
afterEach(() => rmSync(folder, { recursive: true }));

const scale = (cell: string, file = 'plan.json') =>
  cellstamp('scale', cell, '--plan', join(folder, file), '--cells', join(folder, 'cells'));

describe('cellstamp scale', () => {
  it('refuses a plan of other media hosts than the cell has now', async () => {
    const other = wanted.actions.map((action) => (action.kind === 'scale' ? { ...action, inService: [5, 9] } : action));
    writeFileSync(join(folder, 'other.json'), JSON.stringify({ ...wanted, actions: other }));
    const { status, stdout, stderr } = await scale('euw1-a', 'other.json');
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/the plan names media host 9; cell euw1-a has 5, 6, 7, 8 in high-volume\. Plan again\n$/);
  });

  it('touches no cell whose hosts the plan leaves as they are', async () => {
    const idle = { ...wanted, actions: [] };
    writeFileSync(join(folder, 'idle.json'), JSON.stringify(idle));
    expect(await scale('euw1-a', 'idle.json')).toEqual({
      status: 0,
      stdout: 'the media hosts of euw1-a are in service as the plan wants them\n',
      stderr: '',
    });
  });

  it.each([
    ['none.json', undefined, 'none.json:1:1 error: there is no such file; allowed: what `'],
    ['broken.json', '{', 'broken.json:1:2 error: invalid JSON'],
    ['other.json', '{"version":2}', 'other.json:1:2 error: this is not a plan; '],
  ])('refuses what is no plan: %s', async (file, text, error) => {
    if (text !== undefined) writeFileSync(join(folder, file), text);
    const { status, stdout, stderr } = await scale('euw1-a', file);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(error);
  });

  it('refuses a cell that is not there', async () => {
    expect(await scale('euw1-b')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('there is no cell euw1-b') as string,
    });
  });
});
