import { cellCapacity } from '../cell-capacity.ts';
import type { CellSpec } from '../../fleet/schema/cell.ts';
import type { History } from '../forecast/history.ts';
import { HOURS_PER_WEEK, type Resource } from '../resources.ts';
import { admittedCalls, type FleetTenant, type Implausible } from './input.ts';
import { amount } from '../wording.ts';
import { HOUR_MS, MINUTE_MS, when } from '../time.ts';

/** Silence can't be chance where this many calls at once, or events an hour, are usual. */
const USUAL = 20;
/** What is usual in an hour of the week: the median of this many weeks before. After as many silent weeks it is usual. */
const USUAL_WEEKS = 4;
/** Where nobody knows what was sold, or what a host admits, limits may be wrong, but not by more than this. */
const UNSURE_TIMES = 10;

/** What a resource counts in an hour: calls at once as they are, what is counted a second by the hour. */
const PER_HOUR: Readonly<Record<Resource, number>> = {
  setups: 3600,
  registrations: 1,
  relayedCalls: 1,
  mediaSessions: 1,
  recordEvents: 3600,
  databaseWrites: 3600,
};

/** What a tenant may have at most by its contract; undefined where nobody knows. */
const SOLD: Partial<Readonly<Record<Resource, (limits: NonNullable<FleetTenant['limits']>) => number>>> = {
  relayedCalls: ({ calls }) => calls,
  mediaSessions: ({ calls }) => calls,
  setups: ({ callsPerSecond }) => callsPerSecond,
};

/** The contract of tenants together, which their SBC enforces. Undefined where that of one is not known, and of resources without. */
export function contractOfAll(tenants: readonly Pick<FleetTenant, 'limits'>[], resource: Resource): number | undefined {
  const sold = SOLD[resource];
  if (sold === undefined || tenants.length === 0) return undefined;
  let sum = 0;
  for (const { limits } of tenants) {
    if (limits === undefined) return undefined;
    sum += sold(limits);
  }
  return sum;
}

/**
 * The most that there can be of a resource: what the hosts let in, or what was sold where that is more. Calls that are above one of
 * these and below the other are carried, and count.
 *
 * @param limit what the hosts of the cell let in: {@link physicalLimit}
 */
export const mostPossible = (limit: number, contract: number | undefined): number =>
  contract === undefined ? UNSURE_TIMES * limit : Math.max(limit, contract);

/** What the hosts of a cell let in, or carry by their figures. */
export function physicalLimit(spec: CellSpec, resource: Resource): number {
  const { hosts, freeswitch } = spec.media;
  switch (resource) {
    case 'relayedCalls':
      return admittedCalls(spec);
    case 'mediaSessions':
      return hosts * freeswitch.sessions;
    case 'setups':
      return spec.sbc.setupsPerSecond;
    case 'registrations':
    case 'recordEvents':
    case 'databaseWrites':
      return cellCapacity(spec, { lostMediaHosts: 0 }).resources[resource].limit;
  }
}

/**
 * A history with what cannot be made unknown: values beyond all that the cell could have, and none where many are usual, as from
 * metrics that went wrong. Falls that are not silence stay: they may be real.
 *
 * @param most of the resource that can be
 */
export function plausible(
  history: History,
  resource: Resource,
  most: number,
): { history: History; found: Implausible[] } {
  const beyond = tooMuch(history, resource, most);
  const silent = silences(beyond.history, resource);
  return { history: silent.history, found: [...beyond.found, ...silent.found] };
}

function tooMuch(history: History, resource: Resource, most: number): ReturnType<typeof plausible> {
  const { values } = history;
  if (!values.some((value) => value > most)) return { history, found: [] };
  const kept = values.map((value) => (value > most ? NaN : value));
  const found = runs(values.length, (i) => values[i]! > most).map(([first, last]) => {
    const highest = values.subarray(first, last).reduce((a, b) => Math.max(a, b));
    return {
      ...span(history, first, last),
      text: `${amount(highest)} ${resource} from ${spanText(history, first, last)}, at most ${amount(most)} can be`,
    };
  });
  return { history: { ...history, values: kept }, found };
}

function silences(history: History, resource: Resource): ReturnType<typeof plausible> {
  if (!history.values.includes(0)) return { history, found: [] };
  const values = history.values.slice();
  const perWeek = (HOURS_PER_WEEK * 60) / history.stepMinutes;
  const found: Implausible[] = [];
  for (const [first, last] of runs(values.length, (i) => values[i] === 0)) {
    let most = 0;
    for (let i = first; i < last; i++) most = Math.max(most, usualAt(values, i, perWeek) * PER_HOUR[resource]);
    if (most < USUAL || (last - first) * history.stepMinutes < 60) continue;
    found.push({
      ...span(history, first, last),
      text: `no ${resource} from ${spanText(history, first, last)}, where up to ${amount(most / PER_HOUR[resource])} are usual`,
    });
    values.fill(NaN, first, last);
  }
  return { history: { ...history, values }, found };
}

/** Median of the same hour in the weeks before; 0 where nothing is known of them. */
function usualAt(values: Float64Array, i: number, perWeek: number): number {
  const before: number[] = [];
  for (let weeks = 1; weeks <= USUAL_WEEKS; weeks++) {
    const value = values[i - weeks * perWeek];
    if (value !== undefined && !Number.isNaN(value)) before.push(value);
  }
  before.sort((a, b) => a - b);
  return before[before.length >> 1] ?? 0;
}

/** From the first to before the last of those that something is true of. */
function runs(length: number, is: (i: number) => boolean): [number, number][] {
  const found: [number, number][] = [];
  for (let i = 0; i < length; i++) {
    if (!is(i)) continue;
    const first = i;
    while (i < length && is(i)) i++;
    found.push([first, i]);
  }
  return found;
}

const instantOf = ({ start, stepMinutes }: History, i: number): number => start + i * stepMinutes * MINUTE_MS;
const span = (history: History, first: number, last: number) => ({
  from: instantOf(history, first),
  until: instantOf(history, last),
});

function spanText(history: History, first: number, last: number): string {
  const { from, until } = span(history, first, last);
  return `${when(from)} on for ${amount((until - from) / HOUR_MS)} h`;
}
