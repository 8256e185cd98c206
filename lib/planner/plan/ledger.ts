import type { CellMemory, PlanMemory } from './schema.ts';
import { HOUR_MS, iso } from '../time.ts';

type Deed = PlanMemory['done'][number];

const KEPT_HOURS = 14 * 24;

/** What earlier plans saw and decided, and what this one adds. */
export class Ledger {
  readonly #now: number;
  readonly #before: PlanMemory;
  readonly #cells = new Map<string, CellMemory>();
  readonly #done: Deed[];

  /** A memory from later than the plan is an error: the plans would not be in order. */
  constructor(memory: PlanMemory | undefined, now: number) {
    this.#now = now;
    this.#before = memory ?? { cells: {}, done: [] };
    const later = this.#before.done.find(({ at }) => Date.parse(at) > now);
    if (later) throw new RangeError(`the memory has a ${later.kind} at ${later.at}, after the plan's ${iso(now)}`);
    this.#done = this.#before.done.filter(({ at }) => Date.parse(at) > now - KEPT_HOURS * HOUR_MS);
  }

  /** How often something was decided in the last hours, in a region or everywhere, this plan included. */
  count(kind: Deed['kind'], hours: number, region?: string): number {
    return this.#done
      .filter((deed) => deed.kind === kind && Date.parse(deed.at) > this.#now - hours * HOUR_MS)
      .filter((deed) => region === undefined || deed.region === region)
      .reduce((sum, deed) => sum + deed.count, 0);
  }

  did(kind: Deed['kind'], region: string): void {
    const at = iso(this.#now);
    const same = this.#done.findIndex((deed) => deed.at === at && deed.kind === kind && deed.region === region);
    if (same < 0) this.#done.push({ at, kind, region, count: 1 });
    else this.#done[same] = { ...this.#done[same]!, count: this.#done[same]!.count + 1 };
  }

  of(cell: string): CellMemory {
    return this.#before.cells[cell] ?? {};
  }

  /** Notes that something is so now, and says since when it was so in every plan. */
  since(cell: string, what: keyof CellMemory): number {
    const at = this.of(cell)[what] ?? iso(this.#now);
    this.note(cell, what, at);
    return Date.parse(at);
  }

  /**
   * Keeps when plans asked for the cells that there are, from which lead time is measured; and for 14 days for those whose file
   * nobody took over yet.
   */
  keepStamps(cells: ReadonlySet<string>): void {
    for (const [cell, { stampedAt }] of Object.entries(this.#before.cells)) {
      if (stampedAt === undefined) continue;
      const isRecent = Date.parse(stampedAt) > this.#now - KEPT_HOURS * HOUR_MS;
      if (isRecent || cells.has(cell)) this.note(cell, 'stampedAt', stampedAt);
    }
  }

  note(cell: string, what: keyof CellMemory, at: string): void {
    this.#cells.set(cell, { ...this.#cells.get(cell), [what]: at });
  }

  /** What was not noted in this plan is no longer so. */
  memory(): PlanMemory {
    const cells = [...this.#cells].sort(([a], [b]) => (a < b ? -1 : 1));
    return { cells: Object.fromEntries(cells), done: this.#done };
  }
}
