import { SBCS } from '../../planner/plan/input.ts';
import type { CellSpec } from '../../fleet/schema/cell.ts';
import type { Grid, Values } from '../history/grid.ts';
import type { HostMeasure } from './queries.ts';

const WEEK_MINUTES = 7 * 24 * 60;

/** How many hosts of each cell had metrics in every interval: what tells a low load from half an answer. */
export class HostCounts {
  readonly #byCell = new Map<string, Values>();
  readonly #intervalsPerWeek: number;

  constructor({ stepMinutes }: Grid) {
    this.#intervalsPerWeek = WEEK_MINUTES / stepMinutes;
  }

  set(cell: string, counts: Values): void {
    this.#byCell.set(cell, counts);
  }

  /**
   * Makes unknown what was added up over fewer hosts than had metrics within the week before, of those that the cell has now:
   * a cell may have had fewer hosts in former times. A cell of which no host was ever counted is left as it is.
   *
   * @returns how many values that were known are not any more
   */
  forget(values: Values, { name, media }: CellSpec, measure: HostMeasure): number {
    const counts = this.#byCell.get(name);
    if (counts === undefined) return 0;
    const now = measure === 'sbcs' ? SBCS : media.hosts;
    const most = highestWithin(counts, this.#intervalsPerWeek);
    let forgotten = 0;
    for (let i = 0; i < values.length; i++) {
      if (Number.isNaN(values[i])) continue;
      // Means over an interval: a host that was missed for less than half of it is there.
      if (counts[i]! >= Math.min(now, Math.round(most[i]!)) - 0.5) continue;
      values[i] = NaN;
      forgotten++;
    }
    return forgotten;
  }
}

/** The highest known of this many values before each and itself; 0 where none is known. */
function highestWithin(values: Values, before: number): Values {
  const highest = new Float32Array(values.length);
  // Of what may still become the highest, the places, from high to low.
  const places: number[] = [];
  let first = 0;
  for (let i = 0; i < values.length; i++) {
    if (!Number.isNaN(values[i])) {
      while (places.length > first && values[places.at(-1)!]! <= values[i]!) places.pop();
      places.push(i);
    }
    while (first < places.length && places[first]! < i - before) first++;
    highest[i] = first < places.length ? values[places[first]!]! : 0;
  }
  return highest;
}
