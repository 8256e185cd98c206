import type { SharedLimit } from '../shared-limits.ts';
import { limitServes } from '../shared-limits.ts';
import { RESOURCES } from '../resources.ts';
import { instantOf, type SimulatedCell, type SimulatedFleet } from './fleet.ts';
import { limitDemand, lostShare, poolDemand, type PoolDemand } from './limit-demand.ts';
import type { FleetHour, Shortage } from './result.ts';
import type { TenantTrace } from './traffic.ts';

const SETUPS = RESOURCES.indexOf('setups');

/** A call that passes the narrowest of its shared limits passes the others: they are full at the same time. */
function blockedShare(sharedLimits: readonly SharedLimit[], pool: string, demand: PoolDemand): number {
  let most = 0;
  for (const sharedLimit of sharedLimits) {
    if (sharedLimit.resource === 'registrations' || !limitServes(sharedLimit, pool)) continue;
    most = Math.max(most, lostShare(sharedLimit, limitDemand(sharedLimit, demand)));
  }
  return most;
}

/** Counts up, step by step, what becomes of a fleet. */
export class Totals {
  #callsOffered = 0;
  readonly #blockedBy = { waiting: 0, lostRegion: 0, full: 0 };
  #minutesShort = 0;
  readonly #shortages: Shortage[] = [];
  readonly #lastShortage = new Map<string, { from: number; to: number }>();
  #tenantHoursWaiting = 0;
  #cellHours = 0;
  #weightedCellHours = 0;
  #cost = 0;
  readonly #hours: FleetHour[] = [];
  readonly #shortNow = new Set<string>();
  readonly #target: number;

  /** @param target share of calls; a cell that would lose more of them is short */
  constructor(target: number) {
    this.#target = target;
  }

  add(fleet: SimulatedFleet, step: number): void {
    let calls = this.#addWaiting(fleet.waiting.values(), step, fleet.traffic.stepMinutes);
    let capacity = 0;
    for (const cell of fleet.cells) {
      calls += this.#addCell(fleet, cell, step);
      if (fleet.isReady(cell, step) && !fleet.isLost(cell, step)) capacity += fleet.callsWithReserve(cell);
    }
    this.#addToHour(fleet, step, calls, capacity);
  }

  totals() {
    return {
      shortages: this.#shortages,
      callsOffered: this.#callsOffered,
      callsBlocked: this.#blockedBy.waiting + this.#blockedBy.lostRegion + this.#blockedBy.full,
      blockedBy: this.#blockedBy,
      minutesShort: this.#minutesShort,
      tenantHoursWaiting: this.#tenantHoursWaiting,
      cellHours: this.#cellHours,
      weightedCellHours: this.#weightedCellHours,
      cost: this.#cost,
      hours: this.#hours,
    };
  }

  /** @returns concurrent calls that are offered to the cell */
  #addCell(fleet: SimulatedFleet, cell: SimulatedCell, step: number): number {
    const { stepMinutes } = fleet.traffic;
    const { hostShare, costPerHour, spec } = cell.kind;
    const share = 1 - (spec.media.hosts - cell.hosts.length) * hostShare;
    const hours = stepMinutes / 60;
    this.#cellHours += hours;
    this.#weightedCellHours += hours * share;
    this.#cost += hours * share * costPerHour;
    if (!fleet.isReady(cell, step) || cell.tenants.size === 0) return 0;

    const demand = poolDemand(cell.tenants.values(), ({ calls }) => calls[step]!);
    const isLost = fleet.isLost(cell, step);
    const reserve = fleet.limitsWithReserve(cell).sharedLimits;
    if (
      isLost ||
      reserve.some((sharedLimit) => lostShare(sharedLimit, limitDemand(sharedLimit, demand)) > this.#target)
    ) {
      this.#minutesShort += stepMinutes;
      this.#noteShortage(cell.name, step);
    }
    const seconds = stepMinutes * 60;
    let offeredCalls = 0;
    for (const [pool, use] of demand) {
      const offered = use[SETUPS]! * seconds;
      this.#callsOffered += offered;
      if (isLost) this.#blockedBy.lostRegion += offered;
      else this.#blockedBy.full += offered * blockedShare(fleet.limitsNow(cell).sharedLimits, pool, demand);
      offeredCalls += use[CALLS]!;
    }
    return offeredCalls;
  }

  /** A tenant in no cell can't call. */
  #addWaiting(waiting: Iterable<TenantTrace>, step: number, stepMinutes: number): number {
    let calls = 0;
    for (const tenant of waiting) {
      const offered = tenant.calls[step]! * tenant.perCall.setups * stepMinutes * 60;
      this.#callsOffered += offered;
      this.#blockedBy.waiting += offered;
      this.#tenantHoursWaiting += stepMinutes / 60;
      calls += tenant.calls[step]!;
    }
    return calls;
  }

  #noteShortage(cell: string, step: number): void {
    this.#shortNow.add(cell);
    const last = this.#lastShortage.get(cell);
    if (last?.to === step) last.to++;
    else {
      const shortage = { cell, from: step, to: step + 1 };
      this.#lastShortage.set(cell, shortage);
      this.#shortages.push(shortage);
    }
  }

  #addToHour({ traffic, cells }: SimulatedFleet, step: number, calls: number, capacity: number): void {
    const perHour = 60 / traffic.stepMinutes;
    const isFirst = step % perHour === 0 || this.#hours.length === 0;
    const before = isFirst ? undefined : this.#hours.pop();
    this.#hours.push({
      at: before?.at ?? instantOf(traffic, step),
      calls: Math.max(before?.calls ?? 0, calls),
      capacity: Math.min(before?.capacity ?? Infinity, capacity),
      cells: cells.length,
      short: this.#shortNow.size,
    });
    if ((step + 1) % perHour === 0) this.#shortNow.clear();
  }
}

const CALLS = RESOURCES.indexOf('relayedCalls');
