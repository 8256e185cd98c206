import type { Resource } from '../../planner/resources.ts';
import type { Values } from './grid.ts';

/** What series are about. */
export type Subject = 'cell' | 'tenant';

/** Series by the name of a cell or tenant. */
export type SeriesByName = Map<string, Map<Resource, Values>>;

/** All that was measured of a fleet, on one grid. */
export class Measured {
  readonly cell: SeriesByName = new Map();
  readonly tenant: SeriesByName = new Map();
  /** When something was last measured before the grid. */
  readonly earlier: Readonly<Record<Subject, Map<string, number>>> = { cell: new Map(), tenant: new Map() };

  get(subject: Subject, name: string, resource: Resource): Values | undefined {
    return this[subject].get(name)?.get(resource);
  }

  *all(): Iterable<Values> {
    for (const named of [this.cell, this.tenant]) for (const series of named.values()) yield* series.values();
  }

  /**
   * Adds a series, or fills in what was unknown of one that is there.
   * @returns the first interval in which two sources contradict each other; what was there first then stays
   */
  add(subject: Subject, name: string, resource: Resource, values: Values): number | undefined {
    let series = this[subject].get(name);
    if (series === undefined) this[subject].set(name, (series = new Map()));
    const known = series.get(resource);
    if (known === undefined) {
      series.set(resource, values);
      return undefined;
    }
    let contradiction: number | undefined;
    for (let i = 0; i < values.length; i++) {
      if (Number.isNaN(values[i])) continue;
      if (Number.isNaN(known[i])) known[i] = values[i]!;
      else if (!alike(known[i]!, values[i]!)) contradiction ??= i;
    }
    return contradiction;
  }
}

/** The same measurement, but for what is lost when it is written down and averaged. */
const alike = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-5 * Math.max(Math.abs(a), Math.abs(b));
