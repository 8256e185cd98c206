import { counted } from '../../config-file/counted.ts';
import { hourOfWeek, hourOfWeekName } from '../hour-of-week.ts';
import { limitName } from '../shared-limits.ts';
import type { CellLoad } from '../placement/cell-load.ts';
import { busyWeek, type Outlook } from './outlook.ts';
import { amount } from '../wording.ts';
import { HOUR_MS, MINUTE_MS } from '../time.ts';

/** The limit of a cell that is fullest, and when. */
export interface Fullest {
  readonly utilisation: number;
  readonly text: string;
}

/** The fullest limit over all pools; the tenant cap counts as one. */
export function fullestOf(load: CellLoad): Fullest {
  const { tenants, cell, use, allowed, slots } = load;
  let utilisation = tenants.size / cell.limits.maxTenants;
  let text = `${counted(tenants.size, 'tenant')} of at most ${cell.limits.maxTenants}`;
  for (const [l, sharedLimit] of cell.limits.sharedLimits.entries()) {
    for (let h = 0; h < slots; h++) {
      const used = use[l * slots + h]!;
      if (used === 0 || used <= utilisation * allowed[l]!) continue;
      utilisation = used / allowed[l]!;
      text = `${limitName(sharedLimit)} ${amount(used)} of usable ${amount(allowed[l]!)} on ${hourOfWeekName(h)}`;
    }
  }
  return { utilisation: Math.min(utilisation, Number.MAX_VALUE), text };
}

/** Loads are sums of 32-bit numbers. */
const ROUNDING = 1e-6;

/** When a cell's demand first goes over what it can carry, and over which limit. */
export interface Crossing {
  readonly at: number;
  readonly text: string;
}

/**
 * The first time from an instant to the end of the forecasts at which a limit is crossed; undefined where none is.
 *
 * What a shared limit uses in an hour of the week follows the forecast of its resource (of the calls, where it was not measured)
 * from the busiest week of the load on. Without any forecast every week is like the load's.
 */
export function crossingOf(
  load: CellLoad,
  { forecasts }: Outlook,
  quantile: number,
  now: number,
  until: number,
  from = now,
): Crossing | undefined {
  const { use, allowed, slots, cell, tenants } = load;
  let first: Crossing | undefined;
  const offer = (at: number, text: string): void => {
    if (first === undefined || at < first.at) first = { at, text };
  };
  if (tenants.size > cell.limits.maxTenants) {
    offer(from, `${counted(tenants.size, 'tenant')} of at most ${cell.limits.maxTenants}`);
  }
  for (const [l, sharedLimit] of cell.limits.sharedLimits.entries()) {
    const ahead =
      forecasts.get(sharedLimit.resource) ??
      (sharedLimit.resource === 'registrations'
        ? undefined
        : (forecasts.get('relayedCalls') ?? forecasts.get('setups')));
    const week = ahead && busyWeek(ahead, quantile, now, until);
    const values = ahead?.quantiles[ahead.levels.indexOf(quantile)];
    const step = (ahead?.stepMinutes ?? 60) * MINUTE_MS;
    const start = ahead?.start ?? Math.floor(now / HOUR_MS) * HOUR_MS;
    const end = values?.length ?? slots;
    for (let i = Math.max(0, Math.floor((from - start) / step)); i < end; i++) {
      const at = start + i * step;
      const hour = hourOfWeek(at);
      const part = week && values && week[hour]! > 0 ? values[i]! / week[hour]! : 1;
      const used = use[l * slots + hour]! * part;
      if (!(used > allowed[l]! * (1 + ROUNDING))) continue;
      offer(Math.max(at, from), `${limitName(sharedLimit)} ${amount(used)} over usable ${amount(allowed[l]!)}`);
      break;
    }
  }
  return first;
}
