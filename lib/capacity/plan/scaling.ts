import { linesFor } from '../policy.ts';
import type { PlanContext } from './context.ts';
import type { Outlook } from './outlook.ts';
import type { Action, PlanExcuse } from './schema.ts';
import { amount, HOUR_MS, iso, percent } from './wording.ts';

const HOURS = 48;
/** Fewer hosts must be enough for so many hours ahead, beside what is measured now. */
const QUIET_HOURS = 6;
const SCALED = ['relayedCalls', 'mediaSessions'] as const;

/** Desired media hosts of the cells that may breathe: up on a forecast, down only on measurements and one at a time. */
export function scaling(context: PlanContext): { actions: Action[]; excuses: PlanExcuse[]; notes: string[] } {
  const actions: Action[] = [];
  const excuses: PlanExcuse[] = [];
  const fixed = context.outlooks.filter(({ cell }) => cell.elastic === undefined).length;
  for (const one of context.outlooks) {
    if (one.cell.elastic !== undefined && one.cell.spec.state !== 'planned' && one.cell.spec.state !== 'retired') {
      scaleCell(context, one, actions, excuses);
    }
  }
  return {
    actions,
    excuses,
    notes: fixed === 0 ? [] : [`${fixed} cells have a fixed number of media hosts: never scaled`],
  };
}

function scaleCell(context: PlanContext, one: Outlook, actions: Action[], excuses: PlanExcuse[]): void {
  const { now, rules, holds, ledger, policy } = context;
  const { name, cell } = one;
  const { least, most } = cell.elastic!;
  const current = cell.spec.media.hosts;
  const refuse = (text: string): void => void excuses.push({ action: 'scale', subject: name, text });
  const hold = holds.get(name);
  if (hold?.codes.includes('unfinished')) return refuse(`${name} is on hold: ${hold.reason}`);
  if (!one.forecasts.has('relayedCalls')) return refuse('its relayed calls were never measured');

  const needed = hostsAhead(context, one, 1);
  const highest = Math.max(...needed);
  if (highest > most) {
    const hour = needed.indexOf(highest);
    refuse(
      `${highest} media hosts would be needed on ${iso(Math.floor(now / HOUR_MS) * HOUR_MS + hour * HOUR_MS)}, it may have at most ${most}`,
    );
  }
  const allowed = (hosts: number): number => Math.min(most, Math.max(least, hosts));
  const soon = Math.max(...hostsAhead(context, one, rules.fewerHostsSpare).slice(0, QUIET_HOURS));
  let base = current;
  if (current > least && soon < current) {
    const measured = cell.signals.relayedCalls;
    const now_ =
      measured === undefined ? undefined : hostsFor(context, one, 'relayedCalls', measured * rules.fewerHostsSpare);
    if (hold) refuse(`${soon} hosts would do for ${QUIET_HOURS} h, but ${name} is on hold: ${hold.reason}`);
    else if (now_ === undefined || now_ >= current) {
      refuse(
        `${soon} hosts are forecast to do for ${QUIET_HOURS} h, but the ${amount(measured ?? 0)} calls measured now need ${now_}`,
      );
    } else {
      const hours = (now - ledger.since(name, 'fewerHostsSince')) / HOUR_MS;
      if (hours >= rules.fewerHostsAfterHours) {
        base = current - 1;
        // The next one has to wait as long again.
        ledger.note(name, 'fewerHostsSince', iso(now));
      } else
        refuse(
          `${soon} hosts were enough for ${amount(hours)} h, one is taken away after ${rules.fewerHostsAfterHours} h`,
        );
    }
  }
  let reached = allowed(base);
  // A host takes calls an hour after it is asked for at the latest, so the next hour counts too.
  const hosts = needed.slice(0, HOURS).map((count, hour) => {
    reached = Math.max(reached, allowed(Math.max(count, needed[hour + 1] ?? 0)));
    return reached;
  });
  if (hosts.every((count) => count === current)) return;
  const peak = peakAhead(one, policy.quantile, now);
  actions.push({
    kind: 'scale',
    cell: name,
    from: iso(Math.floor(now / HOUR_MS) * HOUR_MS),
    current,
    hosts,
    reason:
      base < current
        ? `${soon} hosts are enough for ${percent(rules.fewerHostsSpare)} of the load of the next ${QUIET_HOURS} h and of the ${amount(cell.signals.relayedCalls!)} calls measured now, and were for ${rules.fewerHostsAfterHours} h: one of ${current} goes`
        : `${amount(peak)} calls at the ${percent(policy.quantile)} quantile within ${HOURS} h take ${highest} hosts, ${rules.lostMediaHosts} of them to lose; there are ${current}`,
  });
}

/** Media hosts needed in each of the next 49 hours for the forecast times something; those there are where nothing is known. */
function hostsAhead(context: PlanContext, one: Outlook, times: number): number[] {
  return Array.from({ length: HOURS + 1 }, (_, hour) => {
    const from = Math.floor(context.now / HOUR_MS) * HOUR_MS + hour * HOUR_MS;
    const counts = SCALED.map((resource) => {
      const use = highestWithin(one, resource, context.policy.quantile, from);
      if (use === undefined) return 0;
      return Number.isNaN(use) ? one.cell.spec.media.hosts : hostsFor(context, one, resource, use * times);
    });
    return Math.max(...counts);
  });
}

function hostsFor(
  { policy, rules }: PlanContext,
  { capacity }: Outlook,
  resource: (typeof SCALED)[number],
  use: number,
): number {
  return Math.ceil(linesFor(policy, use) / capacity.resources[resource].binding.limit) + rules.lostMediaHosts;
}

/** The highest forecast in an hour; undefined where the resource has no forecast, NaN where it has none for that time. */
function highestWithin(
  one: Outlook,
  resource: (typeof SCALED)[number],
  quantile: number,
  from: number,
): number | undefined {
  const ahead = one.forecasts.get(resource);
  if (ahead === undefined) return undefined;
  const values = ahead.quantiles[ahead.levels.indexOf(quantile)]!;
  const step = ahead.stepMinutes * 60_000;
  const first = Math.floor((from - ahead.start) / step);
  return Math.max(...values.subarray(Math.max(0, first), Math.max(1, first + HOUR_MS / step)));
}

function peakAhead(one: Outlook, quantile: number, now: number): number {
  const hours = Array.from({ length: HOURS }, (_, hour) =>
    highestWithin(one, 'relayedCalls', quantile, now + hour * HOUR_MS)!,
  );
  return Math.max(...hours.filter((value) => !Number.isNaN(value)), 0);
}
