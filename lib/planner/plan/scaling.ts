import { counted } from '../../config-file/counted.ts';
import type { Forecast } from '../forecast.ts';
import type { PlanContext } from './context.ts';
import { usableLimits } from './fleet-load.ts';
import {
  hostGroups,
  hostsFor,
  isHostResource,
  limitUses,
  type HostGroup,
  type HostResource,
  type LimitUse,
} from './host-groups.ts';
import { hourOfWeek } from '../hour-of-week.ts';
import { type Outlook } from './outlook.ts';
import type { Action, PlanExcuse } from './schema.ts';
import { amount, percent } from '../wording.ts';
import { HOUR_MS, iso, MINUTE_MS, when } from '../time.ts';

const HOURS = 48;
/**
 * Fewer hosts must be enough for this many hours ahead, beside what is measured now: a host that comes back within the night
 * was not worth draining.
 */
const QUIET_HOURS = 8;

interface Found {
  readonly actions: Action[];
  readonly excuses: PlanExcuse[];
}

/**
 * Desired media hosts of the cells that may breathe, for every group of pools that share hosts: up on a forecast, down one at a
 * time, where what is measured now, which the forecast of this hour has in it, leaves room for it.
 */
export function scaling(context: PlanContext): Found & { notes: string[] } {
  const found: Found = { actions: [], excuses: [] };
  const fixed = context.outlooks.filter(({ cell }) => cell.elastic === undefined).length;
  for (const one of context.outlooks) {
    const { elastic, spec } = one.cell;
    if (elastic !== undefined && spec.state !== 'planned' && spec.state !== 'retired') scaleCell(context, one, found);
  }
  return { ...found, notes: fixed === 0 ? [] : [`cells with a fixed number of media hosts, never scaled: ${fixed}`] };
}

function scaleCell(context: PlanContext, one: Outlook, found: Found): void {
  const { policy, rules, holds, input } = context;
  const { name, cell, capacity } = one;
  const hold = holds.get(name);
  const refuse = (text: string): void => void found.excuses.push({ action: 'scale', subject: name, text });
  if (hold?.codes.includes('unfinished')) return refuse(`${name} is on hold: ${hold.reason}`);
  if (!one.forecasts.has('relayedCalls')) return refuse('its relayed calls were never measured');
  const perHost = {
    relayedCalls: capacity.resources.relayedCalls.binding.limit,
    mediaSessions: capacity.resources.mediaSessions.binding.limit,
  };
  const groups = hostGroups(cell.spec, cell.elastic!, perHost, rules.lostMediaHosts, (limits) =>
    usableLimits(policy, limits),
  );
  const uses = limitUses(input.tenants.filter((tenant) => tenant.cell === name));
  for (const group of groups) scaleGroup(context, one, group, uses, found);
}

function scaleGroup(context: PlanContext, one: Outlook, group: HostGroup, uses: LimitUse, found: Found): void {
  const { now, rules, holds, unmeasured, ledger, policy } = context;
  const { name, cell } = one;
  const { pools, chain, current, least } = group;
  const whose = `${name}, media hosts of ${pools.join(' and ')}`;
  const refuse = (text: string): void => void found.excuses.push({ action: 'scale', subject: name, text });
  const needed = hostsAhead(context, one, group, uses, 1);
  const highest = Math.max(...needed);
  if (highest > chain.length) {
    const from = when(startOfHour(now) + needed.indexOf(highest) * HOUR_MS);
    refuse(`${whose}: all ${chain.length} are too few for the ${percent(policy.quantile)} quantile from ${from} on`);
  }
  const allowed = (hosts: number): number => Math.min(chain.length, Math.max(least, hosts));
  const soon = allowed(Math.max(...hostsAhead(context, one, group, uses, rules.fewerHostsSpare).slice(0, QUIET_HOURS)));
  let base = current;
  if (soon < current) {
    const hold = holds.get(name);
    const unknown = [...unmeasured.values()].find((tenant) => tenant.cell === name && pools.includes(tenant.pool));
    const wait = hold ? `${name} is on hold: ${hold.reason}` : unknown?.text;
    if (wait !== undefined) {
      refuse(`${whose}: ${soon} would do for ${QUIET_HOURS} h, but ${wait}`);
    } else {
      const subject = `${name} ${pools.join('+')}`;
      const hours = (now - ledger.since(subject, 'fewerHostsSince')) / HOUR_MS;
      if (hours >= rules.fewerHostsAfterHours) {
        base = current - 1;
        // The next one has to wait as long again.
        ledger.note(subject, 'fewerHostsSince', iso(now));
      } else {
        refuse(
          `${whose}: ${soon} were enough for ${amount(hours)} h, one is taken away after ${rules.fewerHostsAfterHours} h`,
        );
      }
    }
  }
  let reached = allowed(base);
  // A host takes calls an hour after it is asked for at the latest, so the next hour counts too.
  const hosts = needed.slice(0, HOURS).map((count, hour) => {
    reached = Math.max(reached, allowed(Math.max(count, needed[hour + 1] ?? 0)));
    return reached;
  });
  if (hosts.every((count) => count === current)) return;
  found.actions.push({
    kind: 'scale',
    cell: name,
    pools: [...pools],
    from: iso(startOfHour(now)),
    current,
    hosts,
    inService: chain.slice(0, hosts[0]).sort((a, b) => a - b),
    reason:
      base < current
        ? `${counted(soon, 'host is', 'hosts are')} enough for ${percent(rules.fewerHostsSpare)} of the load of the next ${QUIET_HOURS} h, with the ${counted(amount(cell.signals.relayedCalls!), 'call')} measured now, and were for ${rules.fewerHostsAfterHours} h: one of ${current} goes`
        : `${counted(amount(peakAhead(one, policy.quantile, now)), 'call')} of the cell at the ${percent(policy.quantile)} quantile within ${HOURS} h take ${counted(Math.min(highest, chain.length), 'host')} of ${pools.join(' and ')}, ${rules.lostMediaHosts} of them to lose; there are ${current}`,
  });
}

const startOfHour = (instant: number): number => Math.floor(instant / HOUR_MS) * HOUR_MS;

/** Hosts needed in each of the next 49 hours for the forecast times something; those there are where nothing is known. */
function hostsAhead(
  { now, policy }: PlanContext,
  one: Outlook,
  group: HostGroup,
  uses: LimitUse,
  times: number,
): number[] {
  return Array.from({ length: HOURS + 1 }, (_, ahead) => {
    const from = startOfHour(now) + ahead * HOUR_MS;
    const highest = (resource: HostResource): number | undefined => {
      const value = highestWithin(one, resource, policy.quantile, from);
      return value === undefined ? undefined : value * times;
    };
    const use = { relayedCalls: highest('relayedCalls')!, mediaSessions: highest('mediaSessions') };
    if (Number.isNaN(use.relayedCalls) || Number.isNaN(use.mediaSessions)) return group.current;
    return hostsFor(group, (sharedLimit) => {
      const { pools, resource } = sharedLimit;
      const share = uses(sharedLimit, hourOfWeek(from), use);
      if (pools === 'all' || pools.length > 1 || !isHostResource(resource)) return share;
      const own = one.poolForecasts.get(pools[0]!)?.get(resource);
      const needed = own && highestOf(own, policy.quantile, from);
      return needed === undefined || Number.isNaN(needed) ? share : needed * times;
    });
  });
}

/** The highest forecast in an hour; undefined where the resource has no forecast, NaN where it has none for that time. */
function highestWithin(one: Outlook, resource: HostResource, quantile: number, from: number): number | undefined {
  const ahead = one.forecasts.get(resource);
  return ahead && highestOf(ahead, quantile, from);
}

function highestOf(ahead: Forecast, quantile: number, from: number): number {
  const values = ahead.quantiles[ahead.levels.indexOf(quantile)]!;
  const step = ahead.stepMinutes * MINUTE_MS;
  const first = Math.floor((from - ahead.start) / step);
  return Math.max(...values.subarray(Math.max(0, first), Math.max(1, first + HOUR_MS / step)));
}

function peakAhead(one: Outlook, quantile: number, now: number): number {
  const hours = Array.from({ length: HOURS }, (_, hour) =>
    highestWithin(one, 'relayedCalls', quantile, now + hour * HOUR_MS)!,
  );
  return Math.max(...hours.filter((value) => !Number.isNaN(value)), 0);
}
