import { describe, expect, it } from 'vitest';
import { localDay, weekdayOf } from '../../lib/planner/forecast/time-zone.ts';
import { HOURS_PER_WEEK, RESOURCES, weeklyPeak } from '../../lib/planner/resources.ts';
import { generateTenants, PLACES } from '../../lib/planner/tenant-generator.ts';
import { holidayDays, tenantCampaigns, tenantHistory } from '../../lib/planner/tenant-history.ts';

const tenants = generateTenants({ count: 2_000, seed: 5 });
const sum = (values: Iterable<number>): number => [...values].reduce((total, value) => total + value, 0);

describe('generated tenants', () => {
  it('are the same for the same seed, and others for another', () => {
    const plain = (seed: number) =>
      generateTenants({ count: 20, seed }).map(({ name, users, week }) => ({ name, users, week }));
    expect(plain(5)).toEqual(plain(5));
    expect(plain(5)).not.toEqual(plain(6));
    expect(plain(5)[7]!.week).toEqual(tenants[7]!.week);
  });

  it('have log-normal sizes: few are large, and those take much', () => {
    const users = tenants.map((tenant) => tenant.users).sort((a, b) => a - b);
    expect(Math.abs(users[1_000]! - 40)).toBeLessThan(5);
    const spread = Math.log(users[Math.floor(2_000 * 0.841)]! / users[1_000]!);
    expect(spread).toBeGreaterThan(1);
    expect(spread).toBeLessThan(1.2);
    expect(sum(users.slice(-100)) / sum(users)).toBeGreaterThan(0.2);
  });

  it('are of all industries, places and both tiers, some of one enterprise', () => {
    expect(new Set(tenants.map(({ industry }) => industry.name)).size).toBe(7);
    expect(new Set(tenants.map(({ region }) => region)).size).toBe(PLACES.length);
    expect(new Set(tenants.map(({ tier }) => tier))).toEqual(new Set(['standard', 'high-volume']));
    const groups = tenants.flatMap(({ enterprise }) => (enterprise === undefined ? [] : [enterprise]));
    expect(groups.length / 2_000).toBeGreaterThan(0.06);
    expect(groups.length / new Set(groups).size).toBeGreaterThan(3);
  });

  it('use something of every resource in a week, within reason of what was sold', () => {
    for (const { week, contract } of tenants) {
      const peak = weeklyPeak(week);
      for (const resource of RESOURCES) {
        expect(week[resource]).toHaveLength(HOURS_PER_WEEK);
        expect(peak[resource]).toBeGreaterThan(0);
        expect(contract[resource] / peak[resource]).toBeGreaterThan(0.4);
        expect(contract[resource] / peak[resource]).toBeLessThan(4);
      }
    }
  });

  it('are busy by day where they are', () => {
    const busiest = (region: string): number => {
      const week = new Float64Array(HOURS_PER_WEEK);
      for (const tenant of tenants.filter((one) => one.region === region)) {
        for (const [hour, calls] of tenant.week.relayedCalls.entries()) week[hour]! += calls;
      }
      return week.indexOf(Math.max(...week)) % 24;
    };
    // Ten in the morning: 09 UTC in Berlin, 18 UTC in Los Angeles.
    expect(Math.abs(busiest('eu-central-1') - 9)).toBeLessThanOrEqual(1);
    expect(Math.abs(busiest('us-west-2') - 18)).toBeLessThanOrEqual(1);
  });
});

describe('history of a generated tenant', () => {
  const start = Date.UTC(2025, 0, 6);
  const tenant = tenants.filter(({ country, industry }) => country === 'DE' && industry.name === 'office')[0]!;
  const options = { start, days: 56, stepMinutes: 60 };

  it('is the same whenever and in whatever part it is asked for', () => {
    const whole = tenantHistory(tenant, 'relayedCalls', options).values;
    expect(tenantHistory(tenant, 'relayedCalls', options).values).toEqual(whole);
    const later = tenantHistory(tenant, 'relayedCalls', { ...options, start: start + 10 * 86_400_000, days: 3 });
    expect(later.values).toEqual(whole.slice(240, 312));
  });

  it('has the mean of the week it was made from', () => {
    const some = tenants.slice(0, 60).filter(({ industry }) => industry.campaigns < 0.1);
    const used = some.map((one) =>
      sum(tenantHistory(one, 'setups', { ...options, start: start + 14 * 86_400_000 }).values),
    );
    const meant = some.map(({ week }) => 8 * sum(week.setups));
    expect(sum(used) / sum(meant)).toBeGreaterThan(0.9);
    expect(sum(used) / sum(meant)).toBeLessThan(1.1);
  });

  it('follows the same calls in all resources', () => {
    const setups = tenantHistory(tenant, 'setups', options).values;
    const relayed = tenantHistory(tenant, 'relayedCalls', options).values;
    for (const [i, value] of setups.entries()) expect(value === 0).toBe(relayed[i] === 0);
  });

  it('is quiet on holidays and grows where growth is asked for', () => {
    const spring = { start: Date.UTC(2025, 3, 14), days: 14, stepMinutes: 60 };
    const { values } = tenantHistory(tenant, 'setups', spring);
    const ofDay = (day: number): number => sum(values.subarray(day * 24, day * 24 + 24));
    const firstDay = localDay(tenant.zone, spring.start);
    const holidays = holidayDays(tenant, firstDay, 14);
    expect([...holidays].map((day) => day - firstDay)).toEqual([4, 7]);
    expect(ofDay(4)).toBeLessThan(0.3 * ofDay(3));
    expect(ofDay(7)).toBeLessThan(0.3 * ofDay(8));
    const grown = tenantHistory(tenant, 'setups', { ...spring, growthPerWeek: 1 }).values;
    expect(sum(grown.subarray(10 * 24, 11 * 24)) / ofDay(10)).toBeGreaterThan(2);
  });

  it('has campaigns on working days that stand out', () => {
    const centre = tenants.filter(({ industry, users }) => industry.name === 'contact centre' && users > 30)[0]!;
    const firstDay = localDay(centre.zone, start);
    const campaigns = tenantCampaigns(centre, firstDay, 200);
    expect(campaigns.length).toBeGreaterThan(1);
    for (const { day, hour, times } of campaigns) {
      expect(weekdayOf(day)).toBeLessThan(5);
      expect([10, 14]).toContain(hour);
      expect(times).toBeGreaterThanOrEqual(2);
    }
    const { day, hour } = campaigns[0]!;
    const { values } = tenantHistory(centre, 'relayedCalls', { ...options, days: 200 });
    const at = (local: number): number => values[local * 24 + hour - Math.round(centre.zone.offsetAt(start) / 60)]!;
    const offset = day - localDay(centre.zone, start + 12 * 3_600_000);
    expect(at(offset)).toBeGreaterThan(1.3 * at(offset - 7));
  });
});
