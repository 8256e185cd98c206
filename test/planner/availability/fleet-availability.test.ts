import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assumedWith, assumptions } from '../../../lib/planner/availability/assumptions.ts';
import { cellAvailability, frontAvailability } from '../../../lib/planner/availability/cell-availability.ts';
import { fleetAvailability } from '../../../lib/planner/availability/fleet-availability.ts';
import { minutesPerYear } from '../../../lib/planner/availability/redundancy.ts';

const share = fc.double({ min: 0.5, max: 1, noNaN: true });
const assumed = fc
  .record({
    'host-failures': fc.double({ min: 0, max: 100, noNaN: true }),
    'host-outage': fc.double({ min: 0, max: 1000, noNaN: true }),
    'shared-cause': fc.double({ min: 0, max: 1, noNaN: true }),
    site: share,
    entry: share,
    releases: fc.double({ min: 0, max: 300, noNaN: true }),
  })
  .map(assumedWith);
const cell = fc.record({
  name: fc.constant('any'),
  region: fc.constantFrom('eu-west-1', 'us-east-1', 'ap-northeast-1'),
  media: fc.record({ hosts: fc.integer({ min: 1, max: 12 }) }),
  maxTenants: fc.integer({ min: 1, max: 500 }),
});
const cells = fc.array(cell, { minLength: 1, maxLength: 8 });
const front = fc.record({
  regions: fc.array(
    fc.record({ region: fc.constantFrom('eu-west-1', 'us-east-1'), edges: fc.integer({ min: 2, max: 6 }) }),
    { minLength: 1, maxLength: 3 },
  ),
});
const less = 1e-9;

const perfect = assumedWith({ 'host-failures': 0, site: 1, entry: 1, releases: 0 });

describe('the availability of a cell', () => {
  it('is 1 where nothing fails', () => {
    fc.assert(fc.property(cell, (spec) => void expect(cellAvailability(spec, perfect, 1).available).toBe(1)));
  });

  it('is not better than that of its site, nor of any part', () => {
    fc.assert(
      fc.property(cell, assumed, (spec, given) => {
        const { available, parts, minutesAYear } = cellAvailability(spec, given, 3);
        expect(available).toBeLessThanOrEqual(given.site + less);
        for (const { unavailable } of parts) expect(available).toBeLessThanOrEqual(1 - unavailable + less);
        expect(minutesAYear).toBeCloseTo((1 - available) * minutesPerYear, 6);
      }),
    );
  });

  it('gains where a bad release stops at the first of more cells', () => {
    fc.assert(
      fc.property(cell, assumed, fc.integer({ min: 1, max: 50 }), (spec, given, count) => {
        const { available } = cellAvailability(spec, given, count);
        expect(cellAvailability(spec, given, count + 1).available).toBeGreaterThanOrEqual(available - less);
      }),
    );
  });

  it('does not hang on the database or Redis', () => {
    const { parts } = cellAvailability({ media: { hosts: 4 } }, assumedWith(), 1);
    expect(parts.find(({ name }) => name === 'PostgreSQL and Redis')!.unavailable).toBe(0);
  });
});

describe('the availability of a front', () => {
  it('gains by a region more', () => {
    fc.assert(
      fc.property(front, assumed, ({ regions }, given) => {
        const more = [...regions, { region: 'eu-north-1', edges: 2 }];
        const { available } = frontAvailability({ regions }, given, 'ap-northeast-1');
        expect(frontAvailability({ regions: more }, given, 'ap-northeast-1').available).toBeGreaterThanOrEqual(
          available - less,
        );
      }),
    );
  });

  it('counts no site of the cell’s own region among several', () => {
    const regions = ['eu-west-1', 'us-east-1'].map((region) => ({ region, edges: 2 }));
    const given = assumedWith({ 'host-failures': 0, entry: 1, site: 0.9 });
    expect(frontAvailability({ regions }, given, 'eu-west-1').available).toBe(1);
    expect(frontAvailability({ regions }, given, 'ap-northeast-1').available).toBeCloseTo(0.99, 12);
  });

  it('does not count the site twice for a cell in its only region', () => {
    const regions = [{ region: 'eu-west-1', edges: 2 }];
    const given = assumedWith({ 'host-failures': 0, entry: 1, site: 0.9 });
    expect(frontAvailability({ regions }, given, 'eu-west-1').available).toBe(1);
    expect(frontAvailability({ regions }, given, 'us-east-1').available).toBeCloseTo(0.9, 12);
  });
});

describe('the availability of a fleet', () => {
  it('lies between that of its best and its worst cell', () => {
    fc.assert(
      fc.property(cells, fc.option(front, { nil: undefined }), assumed, (specs, entry, given) => {
        const fleet = fleetAvailability(specs, entry, given);
        const each = fleet.cells.map(({ throughFront }) => throughFront);
        expect(fleet.available).toBeGreaterThanOrEqual(Math.min(...each) - less);
        expect(fleet.available).toBeLessThanOrEqual(Math.max(...each) + less);
      }),
    );
  });

  it('costs what its parts do: no less than any of them, and no more than all', () => {
    fc.assert(
      fc.property(cells, fc.option(front, { nil: undefined }), assumed, (specs, entry, given) => {
        const { parts, available } = fleetAvailability(specs, entry, given);
        const all = parts.map(({ unavailable }) => unavailable);
        expect(1 - available).toBeGreaterThanOrEqual(all[0]! - less);
        expect(1 - available).toBeLessThanOrEqual(all.reduce((sum, one) => sum + one, 0) + less);
        expect(all).toEqual([...all].sort((one, other) => other - one));
      }),
    );
  });

  it('shows a front as its tenants see it: cell and front together are the whole', () => {
    fc.assert(
      fc.property(cell, front, assumed, (spec, entry, given) => {
        const fleet = fleetAvailability([spec], entry, given);
        expect(fleet.cells[0]!.available * fleet.front!.available).toBeCloseTo(fleet.available, 9);
      }),
    );
  });

  it('has some number of cells away at every minute of the year, as many on average as the cells say', () => {
    fc.assert(
      fc.property(cells, assumed, (specs, given) => {
        const { minutesWithCellsAway: away, cells: each } = fleetAvailability(specs, undefined, given);
        expect(away).toHaveLength(specs.length + 1);
        expect(away.reduce((sum, one) => sum + one, 0) / minutesPerYear).toBeCloseTo(1, 9);
        const mean = away.reduce((sum, one, count) => sum + one * count, 0);
        expect(mean / minutesPerYear).toBeCloseTo(
          each.reduce((sum, { available }) => sum + 1 - available, 0),
          9,
        );
      }),
    );
  });

  it('loses cells of one region together, and of two regions seldom', () => {
    const of = (...regions: readonly string[]) =>
      fleetAvailability(
        regions.map((region) => ({ name: 'any', region, media: { hosts: 4 }, maxTenants: 100 })),
        undefined,
        assumedWith(),
      ).minutesWithCellsAway[2]!;
    expect(of('eu-west-1', 'eu-west-1')).toBeGreaterThan(50);
    expect(of('eu-west-1', 'us-east-1')).toBeLessThan(0.01);
  });
});

it('every assumption has a range that holds its value, and a source', () => {
  for (const { value, least, most, source, what } of Object.values(assumptions)) {
    expect(value).toBeGreaterThanOrEqual(least);
    expect(value).toBeLessThanOrEqual(most);
    expect(source.length).toBeGreaterThan(10);
    expect(what).toMatch(/minutes|seconds|a year|share|availability/);
  }
});
