import { describe, expect, it } from 'vitest';
import { plan } from '../../../lib/planner/plan.ts';
import type { Plan } from '../../../lib/planner/plan/schema.ts';
import { blueprint, cellOf, evenWeek, HOUR, NOW, specOf, tenantsOf } from './fleets.ts';

const POOLS = { standard: [1, 2, 3, 4], premium: [5, 6, 7, 8] };
/** Pools that share no host, or those given, of hosts that carry 100 calls each. */
const cellWith = (calls: number, inService: readonly number[], pools: Record<string, number[]> = POOLS, now = NOW) =>
  cellOf(
    'euw1-a',
    { calls: () => calls },
    { spec: specOf('euw1-a', { media: { hosts: 8, relay: { calls: 100 }, pools } }), elastic: { inService, least: 2 } },
    now,
  );
const tenants = (standard: number, premium: number) => [
  ...tenantsOf('euw1-a', 10, standard),
  ...tenantsOf('euw1-a', 5, premium, { pool: 'premium' }).map((tenant) => ({ ...tenant, id: `p-${tenant.id}` })),
];
const scales = ({ actions }: Plan) => actions.flatMap((action) => (action.kind === 'scale' ? [action] : []));

describe('scaling', () => {
  it('gives hosts to the pool whose tenants need them, and leaves the others', () => {
    const made = plan({
      now: NOW,
      cells: [cellWith(300, [1, 2, 5, 6])],
      tenants: tenants(60, 240),
      blueprints: [blueprint()],
    });
    expect(scales(made)).toHaveLength(1);
    expect(scales(made)[0]).toMatchObject({ pools: ['premium'], current: 2, inService: [5, 6, 7, 8] });
    expect(scales(made)[0]!.hosts.every((hosts) => hosts === 4)).toBe(true);
  });

  it('takes hosts from one pool while another needs all of its own', () => {
    let memory: Plan['memory'] | undefined;
    const seen: Plan[] = [];
    for (const hour of [0, 2, 4]) {
      const now = NOW + hour * HOUR;
      const cells = [cellWith(300, [1, 2, 3, 4, 5, 6, 7, 8], POOLS, now)];
      const made = plan({ now, cells, tenants: tenants(60, 240), blueprints: [], ...(memory && { memory }) });
      memory = made.memory;
      seen.push(made);
    }
    expect(seen.slice(0, 2).flatMap(scales)).toEqual([]);
    expect(seen[1]!.excuses.find(({ action }) => action === 'scale')!.text).toMatch(
      /media hosts of standard: 2 were enough for 2 h, one is taken away after 4 h/,
    );
    expect(scales(seen[2]!)).toHaveLength(1);
    expect(scales(seen[2]!)[0]).toMatchObject({ pools: ['standard'], current: 4, inService: [1, 2, 3] });
  });

  it('lets those hosts go last that serve most pools', () => {
    const shared = { standard: [1, 2, 3, 4], premium: [3, 4] };
    const spec = { media: { hosts: 4, relay: { calls: 100 }, pools: shared } };
    const now = NOW + 4 * HOUR;
    const cell = cellOf(
      'euw1-a',
      { calls: () => 60 },
      { spec: specOf('euw1-a', spec), elastic: { inService: [1, 2, 3, 4], least: 1 } },
      now,
    );
    const since = { fewerHostsSince: new Date(NOW).toISOString() };
    const memory = { cells: { 'euw1-a premium+standard': since }, done: [] };
    const made = plan({ now, cells: [cell], tenants: tenants(40, 20), blueprints: [], memory });
    expect(scales(made)[0]).toMatchObject({ pools: ['premium', 'standard'], inService: [1, 3, 4] });
  });

  it('counts FreeSWITCH sessions that nobody measures by the calls: a host is not taken away from them', () => {
    const since = { fewerHostsSince: new Date(NOW).toISOString() };
    const memory = { cells: { 'euw1-a standard': since, 'euw1-a premium': since }, done: [] };
    const now = NOW + 4 * HOUR;
    const busy = (sessions: number) => {
      const use = evenWeek(1);
      const tenant = (id: string, pool: string, calls: number) => ({
        ...tenantsOf('euw1-a', 1, calls, { pool })[0]!,
        id,
        use: { ...evenWeek(calls), mediaSessions: use.mediaSessions.map(() => calls * sessions) },
      });
      const media = { hosts: 8, relay: { calls: 100 }, freeswitch: { sessions: 60 }, pools: POOLS };
      const cell = { ...cellWith(300, [1, 2, 3, 4, 5, 6, 7, 8], POOLS, now), spec: specOf('euw1-a', { media }) };
      const both = [tenant('s', 'standard', 100), tenant('p', 'premium', 200)];
      return scales(plan({ now, cells: [cell], tenants: both, blueprints: [], memory })).map(({ pools }) => pools);
    };
    expect(busy(0.1)).toEqual([['standard']]);
    // 100 calls with a session each need three hosts of 60 and one to lose.
    expect(busy(1)).toEqual([]);
  });

  it('says so where all hosts of a pool are too few', () => {
    const made = plan({
      now: NOW,
      cells: [cellWith(460, [1, 2, 3, 4, 5, 6, 7, 8])],
      tenants: tenants(60, 400),
      blueprints: [],
    });
    expect(scales(made)).toEqual([]);
    expect(made.excuses.find(({ action }) => action === 'scale')!.text).toMatch(
      /media hosts of premium: all 4 are too few for the 99\.0 % quantile from 2026-03-02 09:00 UTC on/,
    );
  });

  it('does not take a host that is needed again within the night', () => {
    // Quiet for six hours from now on, then as busy as before.
    const hourOfDay = (hour: number) => (((hour + 9) % 24) + 24) % 24;
    const calls = (hour: number) => (hourOfDay(hour) >= 9 && hourOfDay(hour) < 15 ? 20 : 220);
    const pools = { standard: [1, 2, 3, 4], 'high-volume': [1, 2, 3, 4] };
    const spec = specOf('euw1-a', { media: { hosts: 4, relay: { calls: 100 }, pools } });
    const elastic = { inService: [1, 2, 3, 4], least: 2 };
    const cell = cellOf('euw1-a', { calls }, { spec, elastic });
    const memory = {
      cells: { 'euw1-a high-volume+standard': { fewerHostsSince: new Date(NOW - 9 * HOUR).toISOString() } },
      done: [],
    };
    const made = plan({ now: NOW, cells: [cell], tenants: tenantsOf('euw1-a', 10, 150), blueprints: [], memory });
    expect(scales(made)).toEqual([]);
  });
});
