import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { plan } from '../../lib/capacity/plan.ts';
import { blueprint, cellOf, NOW, specOf, tenantsOf } from '../capacity/plan/fleets.ts';
import { cellstamp } from './run-command.ts';

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
  it('prints what brings the hosts of a plan into service, and nothing of the others', async () => {
    const { status, stdout, stderr } = await scale('euw1-a');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const [comment, ...lines] = stdout.trim().split('\n');
    expect(comment).toBe(
      '# Media hosts of high-volume that take calls from 2026-03-02T09:00:00.000Z on: 5, 6, 7, 8 of 5, 6, 7, 8',
    );
    expect(lines).toEqual(
      [5, 6, 7, 8].map((host) => `kamcmd -s unix:/run/kamailio/control.sock htable.delete drains s:${host}`),
    );
  });

  it('drains those that the plan takes out', async () => {
    const fewer = wanted.actions.map((action) => (action.kind === 'scale' ? { ...action, inService: [5, 7] } : action));
    writeFileSync(join(folder, 'fewer.json'), JSON.stringify({ ...wanted, actions: fewer }));
    const { stdout } = await scale('euw1-a', 'fewer.json');
    expect(stdout.match(/seti drains s:\d 1$/gm)).toEqual(['seti drains s:6 1', 'seti drains s:8 1']);
  });

  it('prints nothing where the plan leaves the hosts as they are', async () => {
    const idle = { ...wanted, actions: [] };
    writeFileSync(join(folder, 'idle.json'), JSON.stringify(idle));
    expect(await scale('euw1-a', 'idle.json')).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  it.each([
    ['none.json', undefined, 'none.json:1:1 error: there is no such file; allowed: what `'],
    ['broken.json', '{', 'broken.json:1:2 error: invalid JSON'],
    ['other.json', '{"version":2}', 'other.json:1:2 error version: not a plan: '],
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
