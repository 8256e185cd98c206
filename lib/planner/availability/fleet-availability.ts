/** How available the calls of a fleet are, and how much of it fails at once. */
import type { Assumed } from './assumptions.ts';
import {
  availabilityOf,
  cellAvailability,
  frontAvailability,
  withoutSite,
  type Availability,
  type CellShape,
  type FrontShape,
  type Part,
} from './cell-availability.ts';
import { countOf, minutesPerYear } from './redundancy.ts';

export interface CellOfFleet extends Availability {
  readonly name: string;
  readonly region: string;
  /** With the front before it: what its tenants see, 0 to 1. */
  readonly throughFront: number;
}

export interface FleetAvailability {
  readonly cells: readonly CellOfFleet[];
  /** As a call of any tenant sees it; absent in a fleet without a front. */
  readonly front?: Availability;
  /** What each part of cells and front costs a call of any tenant, most first. */
  readonly parts: readonly Pick<Part, 'name' | 'unavailable'>[];
  /** Of a call of any tenant, 0 to 1; cells count by the tenants that they take. */
  readonly available: number;
  readonly minutesAYear: number;
  /** Minutes a year in which 0, 1, ... cells are away. */
  readonly minutesWithCellsAway: readonly number[];
}

interface Cell extends CellShape {
  readonly name: string;
  readonly region: string;
  readonly maxTenants: number;
}

/**
 * @param cells at least one
 * @param inFleet cells that roll-outs go through, these among them
 */
export function fleetAvailability(
  cells: readonly Cell[],
  front: FrontShape | undefined,
  assumed: Assumed,
  inFleet = cells.length,
): FleetAvailability {
  const tenants = cells.reduce((sum, { maxTenants }) => sum + maxTenants, 0);
  const ofAnyTenant = (value: (at: number) => number): number =>
    cells.reduce((sum, { maxTenants }, at) => sum + (value(at) * maxTenants) / tenants, 0);
  const mean = (sites: readonly Availability[]): readonly Part[] =>
    sites[0]!.parts.map((part, of) => ({
      ...part,
      unavailable: ofAnyTenant((at) => sites[at]!.parts[of]!.unavailable),
    }));

  const own = cells.map((cell) => cellAvailability(cell, assumed, inFleet));
  const fronts = front && cells.map(({ region }) => frontAvailability(front, assumed, region));
  const each = cells.map(({ name, region }, at): CellOfFleet => {
    const { available } = own[at]!;
    return { name, region, ...own[at]!, throughFront: available * (fronts?.[at]!.available ?? 1) };
  });
  const ofFront = fronts && mean(fronts);
  const available = ofAnyTenant((at) => each[at]!.throughFront);
  return {
    cells: each,
    ...(ofFront && { front: availabilityOf(ofFront) }),
    parts: [...mean(own), ...(ofFront ?? [])]
      .map(({ name, unavailable }) => ({ name, unavailable }))
      .sort((one, other) => other.unavailable - one.unavailable),
    available,
    minutesAYear: (1 - available) * minutesPerYear,
    minutesWithCellsAway: cellsAway(each, assumed).map((chance) => chance * minutesPerYear),
  };
}

/** Chance that 0, 1, ... cells are away: those of a region all at once with their site, else each on its own. Regions share nothing. */
function cellsAway(cells: readonly CellOfFleet[], assumed: Assumed): readonly number[] {
  const regions = [...new Set(cells.map(({ region }) => region))];
  return regions
    .map((region) => {
      const there = cells.filter((cell) => cell.region === region);
      const alone = countOf(there.map((cell) => 1 - withoutSite(cell).available));
      return alone.map((chance, away) => chance * assumed.site + (away === there.length ? 1 - assumed.site : 0));
    })
    .reduce(sumOfTwo, [1]);
}

/** Distribution of the sum of two independent counts. */
function sumOfTwo(one: readonly number[], other: readonly number[]): readonly number[] {
  return Array.from({ length: one.length + other.length - 1 }, (_, sum) =>
    one.reduce((chance, of, at) => chance + of * (other[sum - at] ?? 0), 0),
  );
}
