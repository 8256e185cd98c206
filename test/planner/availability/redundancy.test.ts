import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assumedWith } from '../../../lib/planner/availability/assumptions.ts';
import { countOf, groupAway, hostAway, minutesPerYear, series } from '../../../lib/planner/availability/redundancy.ts';

const share = fc.double({ min: 0, max: 1, noNaN: true });
const group = fc
  .integer({ min: 1, max: 8 })
  .chain((hosts) => fc.record({ hosts: fc.constant(hosts), needed: fc.integer({ min: 1, max: hosts }) }));
const assumed = fc
  .record({
    'host-failures': fc.double({ min: 0, max: 1000, noNaN: true }),
    'host-outage': fc.double({ min: 0, max: 10_000, noNaN: true }),
    'shared-cause': share,
  })
  .map(assumedWith);
const less = 1e-12;

describe('one host', () => {
  it('is away for its outages, of the time between two failures', () => {
    // A failure a year that lasts as long as the time until it: half of the time.
    expect(hostAway(1, minutesPerYear)).toBeCloseTo(0.5, 12);
    expect(hostAway(2.8, 15) * minutesPerYear).toBeCloseTo(42, 1);
    expect(hostAway(0, 15)).toBe(0);
  });
});

describe('a group of hosts', () => {
  it('is as its arithmetic says: two of which one is needed', () => {
    const alone = assumedWith({ 'shared-cause': 0 });
    const away = hostAway(2.8, 15);
    expect(groupAway({ hosts: 2, needed: 1 }, alone)).toBeCloseTo(away ** 2, 15);
    // Of two that are both needed, one alone does half of the work.
    expect(groupAway({ hosts: 2, needed: 2 }, alone)).toBeCloseTo(away, 12);
  });

  it('is as one host where all failures have a shared cause', () => {
    fc.assert(
      fc.property(group, assumed, (of, given) => {
        const together = { ...given, 'shared-cause': 1 };
        expect(groupAway(of, together)).toBeCloseTo(hostAway(given['host-failures'], given['host-outage']), 10);
      }),
    );
  });

  it('is away for a share of time', () => {
    fc.assert(
      fc.property(group, assumed, (of, given) => {
        const away = groupAway(of, given);
        expect(away).toBeGreaterThanOrEqual(-less);
        expect(away).toBeLessThanOrEqual(1 + less);
      }),
    );
  });

  it('is not worse with a host more, and not better with a host more that is needed', () => {
    fc.assert(
      fc.property(group, assumed, ({ hosts, needed }, given) => {
        const away = groupAway({ hosts, needed }, given);
        expect(groupAway({ hosts: hosts + 1, needed }, given)).toBeLessThanOrEqual(away + less);
        if (needed < hosts) {
          expect(groupAway({ hosts, needed: needed + 1 }, given)).toBeGreaterThanOrEqual(away - less);
        }
      }),
    );
  });

  it('is worse with more failures and with longer outages', () => {
    fc.assert(
      fc.property(group, assumed, fc.double({ min: 1, max: 3, noNaN: true }), (of, given, times) => {
        const away = groupAway(of, given);
        for (const name of ['host-failures', 'host-outage'] as const) {
          expect(groupAway(of, { ...given, [name]: given[name] * times })).toBeGreaterThanOrEqual(away - less);
        }
      }),
    );
  });

  it.each([
    [3, 0],
    [3, 4],
    [2.5, 1],
  ])('of %d hosts of which %d are needed is refused', (hosts, needed) => {
    expect(() => groupAway({ hosts, needed }, assumedWith())).toThrow(
      `needed must be a whole number from 1 to the number of hosts, got ${needed} of ${hosts}`,
    );
  });
});

describe('independent events', () => {
  it('have counts whose chances add up to 1, with the mean of their sum', () => {
    fc.assert(
      fc.property(fc.array(share, { maxLength: 12 }), (chances) => {
        const counts = countOf(chances);
        expect(counts).toHaveLength(chances.length + 1);
        expect(counts.reduce((sum, one) => sum + one, 0)).toBeCloseTo(1, 9);
        const mean = counts.reduce((sum, one, count) => sum + one * count, 0);
        expect(mean).toBeCloseTo(
          chances.reduce((sum, one) => sum + one, 0),
          9,
        );
      }),
    );
  });

  it('are binomial where all are alike: two coins', () => {
    expect(countOf([0.5, 0.5])).toEqual([0.25, 0.5, 0.25]);
  });
});

describe('parts that are all needed', () => {
  it('are away at least as long as the worst, and at most as long as all together', () => {
    fc.assert(
      fc.property(fc.array(share, { minLength: 1, maxLength: 8 }), (parts) => {
        const away = series(parts);
        expect(away).toBeGreaterThanOrEqual(Math.max(...parts) - less);
        expect(away).toBeLessThanOrEqual(
          Math.min(
            1,
            parts.reduce((sum, one) => sum + one, 0),
          ) + less,
        );
      }),
    );
  });
});
