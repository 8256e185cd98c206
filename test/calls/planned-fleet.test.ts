/** From a load that grows to calls on the cell that was stamped for it. */
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Plan } from '../../lib/capacity/plan/schema.ts';
import type { CallReport } from '../../lib/cli/call-report.ts';
import { down } from '../../lib/local/index.ts';
import { spawnCellstamp } from '../cli/run-command.ts';
import { describeWith } from '../requirements.ts';
import { growingFleet, media } from './growing-fleet.ts';

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

  it('is planned a fourth cell', () => {
    const { status, stderr, plan: made } = plan();
    expect(stderr).toBe('');
    expect(stamps(made)).toMatchObject([{ cell: 'fleet-d', reason: expect.stringContaining('relayedCalls') }]);
    expect(status).toBe(2);
  });

  it('needs no other one when that cell is stamped, and says that tenants could go there', () => {
    expect(spawnCellstamp(folder, 'stamp', 'fleet-d', '--region', 'eu-west-1', '--size', 'test').status).toBe(0);
    // What planning.yaml says of this kind of cells.
    appendFileSync(join(folder, 'cells/fleet-d.yaml'), `${media}\n`);
    expect(spawnCellstamp(folder, 'check').status).toBe(0);
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
