import { join } from 'node:path';
import { expect, it } from 'vitest';
import { tenantHistory } from '../../../lib/planner/tenant-history.ts';
import { generateTenants } from '../../../lib/planner/tenant-generator.ts';
import type { Resource } from '../../../lib/planner/resources.ts';
import { InvalidFiles } from '../../../lib/config-file/invalid-files.ts';
import { readPlanInput } from '../../../lib/planner-files/plan-input.ts';
import { describeWith } from '../../requirements.ts';
import { CELL, folderOf, HOUR, MINIMAL, NOW } from '../folder.ts';
import { exposed, type Exposed } from './exposed.ts';
import { prometheusWith, user } from './prometheus-server.ts';

const WEEKS = 8;
const HOURS = WEEKS * 168;
const START = NOW - HOURS * HOUR;

/** Mean use in every hour of eight weeks of a cell full of made-up tenants. */
function hourly(resource: Resource, seed: number): Float64Array {
  const sum = new Float64Array(HOURS);
  for (const tenant of generateTenants({ count: 20, seed })) {
    const { values } = tenantHistory(tenant, resource, { start: START, days: WEEKS * 7, stepMinutes: 60 });
    for (const [hour, value] of values.entries()) sum[hour]! += value;
  }
  return sum;
}

describeWith(['prometheus'], 'the real Prometheus', () => {
  it('answers with eight weeks of a fleet as they were, behind a password', async () => {
    const folder = folderOf({
      'cells/euw1-a.yaml': CELL,
      'cells/euw1-b.yaml': 'name: euw1-b\nregion: eu-west-1\naws: {}\nnetwork: 10.17.0.0/20\n',
      'cells/euw1-c.yaml': 'name: euw1-c\nregion: eu-west-1\naws: {}\nnetwork: 10.18.0.0/20\n',
    });
    const lost = new Set([500, 501, 502]);
    const truth = { a: hourly('relayedCalls', 1), b: hourly('relayedCalls', 2), setups: hourly('setups', 1) };
    const gauge = (cell: string, host: number, hours: Float64Array, missing = new Set<number>()): Exposed => ({
      metric: 'rtpengine_sessions',
      type: 'gauge',
      labels: `type="own",cell="${cell}",instance="media-${host}"`,
      hours,
      lost: missing,
    });
    const half = (hours: Float64Array) => hours.map((value) => value / 2);
    const setups = (kind: string, share: number): Exposed => ({
      metric: 'cellstamp_sbc_setups',
      type: 'counter',
      labels: `kind="${kind}",cell="euw1-a",instance="sbc-1"`,
      hours: truth.setups.map((value) => value * share),
      lost,
    });
    const url = await prometheusWith(
      exposed(START, [
        ...[1, 2].map((host) => gauge('euw1-a', host, half(truth.a))),
        ...[1, 2].map((host) => gauge('euw1-b', host, half(truth.b), lost)),
        setups('user', 0.75),
        setups('out', 0.25),
      ]),
      folder,
    );
    const planning = (auth: string) =>
      folderOf({
        password: user.password,
        'planning.yaml': `${MINIMAL}history:\n  prometheus:\n    url: ${url}\n    auth: ${auth}\n`,
      });
    const read = (auth: string) =>
      readPlanInput({ cells: join(folder, 'cells'), planning: join(planning(auth), 'planning.yaml'), now: NOW });

    const { input, notes } = await read(`{ basic: { username: ${user.name}, password: { file: password } } }`);
    const [a, b, c] = input.cells;
    // Values are kept in 32 bits, seven digits.
    const near = (found: Float64Array | undefined, expected: Float64Array, without = new Set<number>()): void => {
      expect(found).toHaveLength(expected.length);
      for (const [hour, value] of expected.entries()) {
        if (without.has(hour)) expect(found![hour]).toBeNaN();
        else expect(Math.abs(found![hour]! - value)).toBeLessThanOrEqual(1e-6 * value);
      }
    };
    near(a!.history.relayedCalls?.values, truth.a);
    near(a!.history.setups?.values, truth.setups, lost);
    near(b!.history.relayedCalls?.values, truth.b, lost);
    expect(c!.history).toEqual({});
    expect(a!.signals.measuredAt).toBe(NOW);
    expect(a!.signals.relayedCalls).toBeCloseTo(truth.a.at(-1)!, 6);
    expect(notes).toEqual([
      'Prometheus knows no setups of euw1-b, euw1-c',
      'Prometheus: setups of euw1-a is unknown in 3 of 1344 intervals',
      'Prometheus knows no registrations of euw1-a, euw1-b, euw1-c',
      'Prometheus knows no relayedCalls of euw1-c',
      'Prometheus: relayedCalls of euw1-b is unknown in 3 of 1344 intervals',
      'Prometheus knows no recordEvents of euw1-a, euw1-b, euw1-c',
      '2 of 2 tenants without a history: expected to use what their limits were sized for',
    ]);

    await expect(read('{}')).rejects.toThrow(/query_range answered 401 \(Unauthorized\)/);
    await expect(read('{}')).rejects.toBeInstanceOf(InvalidFiles);
  });
});
