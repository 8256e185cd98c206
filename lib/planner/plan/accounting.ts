import { counted } from '../../config-file/counted.ts';
import { weekOf } from './host-groups.ts';
import type { FleetTenant } from './input.ts';
import { hourOfWeek } from '../hour-of-week.ts';
import { type Outlook } from './outlook.ts';
import { measuredWeek } from '../tenant-week.ts';
import { amount } from '../wording.ts';
import { DAY_MS, MINUTE_MS } from '../time.ts';

/** A cell's forecast and its tenants' weeks may differ by this factor, and by this many calls on average. */
const FACTOR = 1.5;
const CALLS = 20;

export interface Accounting {
  /** Calls of the cell that none of its tenants accounts for: who is to be moved where is then a guess. */
  readonly contradiction?: string;
  /** Tenants of whom much more was expected than the cell is forecast to have, as with contracts that nobody uses. */
  readonly note?: string;
}

/**
 * Compares the calls that a cell had, and is forecast to have in the coming week, with the sum of what its tenants are expected to
 * use: they are two measurements of the same calls.
 *
 * @param tenants of the cell, without those that its history does not know yet
 */
export function accounting(
  { name, cell, forecasts }: Outlook,
  tenants: readonly FleetTenant[],
  now: number,
): Accounting {
  const ahead = forecasts.get('relayedCalls');
  if (ahead === undefined) return {};
  const values = ahead.quantiles[ahead.levels.indexOf(0.5)]!;
  const step = ahead.stepMinutes * MINUTE_MS;
  const week = weekOf(tenants, 'relayedCalls');
  let [forecast, expected, steps] = [0, 0, 0];
  for (let i = Math.max(0, Math.floor((now - ahead.start) / step)); i < values.length; i++) {
    const at = ahead.start + i * step;
    if (at >= now + 7 * DAY_MS) break;
    if (Number.isNaN(values[i]!)) continue;
    forecast += values[i]!;
    expected += week[hourOfWeek(at)]!;
    steps++;
  }
  if (steps === 0) return {};
  [forecast, expected] = [forecast / steps, expected / steps];
  if (Math.abs(forecast - expected) <= CALLS) return {};
  const tenantsText = `its ${counted(tenants.length, 'tenant adds', 'tenants add')} up to ${amount(expected)}`;
  if (expected > FACTOR * forecast) {
    const both = `${name} is forecast to have ${counted(amount(forecast), 'call')} on average, ${tenantsText}`;
    return { note: `${both}: each is taken to use its part of the forecast` };
  }
  // Where all grow, the weeks of tenants are behind a forecast, and so is the cell's own week, made like theirs.
  const own = measuredWeek(cell.history.relayedCalls!)!;
  const had = mean(own);
  const theirs = mean(week);
  if (had - theirs <= CALLS || had <= FACTOR * theirs || forecast <= FACTOR * expected) return {};
  return {
    contradiction: `${name} had ${counted(amount(had), 'call')} on average, its ${counted(tenants.length, 'tenant adds', 'tenants add')} up to ${amount(theirs)}`,
  };
}

const mean = (week: Float64Array): number => week.reduce((a, b) => a + b, 0) / week.length;
