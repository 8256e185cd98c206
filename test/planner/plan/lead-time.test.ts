import { describe, expect, it } from 'vitest';
import { leadTime } from '../../../lib/planner/plan/lead-time.ts';
import { HOUR } from './fleets.ts';

const stamps = (hours: readonly number[]) =>
  hours.map((taken, i) => ({ cell: `c${i}`, startedAt: i * 1000 * HOUR, readyAt: (i * 1000 + taken) * HOUR }));

describe('leadTime', () => {
  it('is assumed as long as nothing was measured', () => {
    expect(leadTime([], 0.95, 24)).toMatchObject({ hours: 24, basis: 'assumed 24 h, no stamp was measured' });
  });

  it('with few stamps is the longest of them, and never less than assumed', () => {
    expect(leadTime(stamps([3, 40, 5]), 0.95, 24).hours).toBe(40);
    expect(leadTime(stamps([3, 4, 5]), 0.95, 24).hours).toBe(24);
  });

  it('with enough stamps is their quantile: the longest of 19, the second longest of 39', () => {
    const rising = (count: number) => stamps(Array.from({ length: count }, (_, i) => i + 1));
    expect(leadTime(rising(19), 0.95, 24).hours).toBe(19);
    expect(leadTime(rising(39), 0.95, 24).hours).toBe(38);
    expect(leadTime(rising(19), 0.5, 24).hours).toBe(10);
  });
});
