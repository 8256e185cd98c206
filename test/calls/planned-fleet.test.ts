/** From a load that grows to calls on the cell that was stamped for it. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Plan } from '../../lib/capacity/plan/schema.ts';
import type { CallReport } from '../../lib/cli/call-report.ts';
import { down } from '../../lib/local/index.ts';
import type { CellInput } from '../../lib/spec/cell.ts';
import { spawnCellstamp } from '../cli/run-command.ts';
import { describeWith } from '../requirements.ts';
import { growingFleet } from './growing-fleet.ts';

describeWith(['root', 'debian-packages'], 'a fleet of three cells whose load grows', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cellstamp-growing-'));
  const files = growingFleet(Date.now());
  beforeAll(() => {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
  });
  afterAll(async () => {
    await down('fleet-d');
    rmSync(folder, { recursive: true, force: true });
  });

  const stamps = (made: Plan) => made.actions.filter(({ kind }) => kind === 'stamp');
  const plan = (...args: readonly string[]) => {
    const { status, stdout, stderr } = spawnCellstamp(folder, 'plan', '--json', ...args);
    return { status, stderr, plan: JSON.parse(stdout) as Plan };
  };

  it('is planned a fourth cell, and its file is written, ready for a laptop as planning.yaml says', () => {
    const { status, plan: made } = plan('--write');
    expect(stamps(made)).toMatchObject([{ cell: 'fleet-d', reason: expect.stringContaining('relayedCalls') }]);
    expect(status).toBe(2);
    const { name, size, media } = parse(readFileSync(join(folder, 'cells/fleet-d.yaml'), 'utf8')) as CellInput;
    expect({ name, size, media }).toEqual({
      ...{ name: 'fleet-d', size: 'test', media: { hosts: 2, kernelForwarding: 'preferred' } },
    });
    expect(spawnCellstamp(folder, 'check').status).toBe(0);
  });

  it('needs no other one then, and is told that tenants could go there', () => {
    const { plan: made } = plan();
    expect(stamps(made)).toEqual([]);
    expect(made.excuses.map(({ text }) => text).join('\n')).toContain('fleet-d has room');
  });

  it('has calls on the stamped cell', () => {
    expect(spawnCellstamp(folder, 'up', 'fleet-d')).toMatchObject({ status: 0, stderr: '' });
    const { stdout } = spawnCellstamp(folder, 'call', 'fleet-d', '--calls', '12', '--hold', '1', '--json');
    expect(JSON.parse(stdout) as CallReport).toMatchObject({ cell: 'fleet-d', good: true, summary: { answered: 12 } });
  });
});
