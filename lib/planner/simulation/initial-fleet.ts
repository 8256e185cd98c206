import { counted } from '../../config-file/counted.ts';
import { cellCapacity } from '../cell-capacity.ts';
import { timeZone } from '../forecast/time-zone.ts';
import { pack } from '../placement/pack.ts';
import { TenantTable } from '../placement/tenant-table.ts';
import { HOURS_PER_WEEK, RESOURCES } from '../resources.ts';
import type { FirstCell, SimulationSetting } from '../simulate.ts';
import { PLACES } from '../tenant-generator.ts';
import { tenantWeek } from '../tenant-week.ts';
import type { SimulatedKind } from './decider.ts';
import { useAt } from './limit-demand.ts';
import { scenarioTraffic } from './scenario.ts';
import { specOf, type Scenario } from './scenario-schema.ts';
import type { TenantTrace, Traffic } from './traffic.ts';
import { MINUTE_MS } from '../time.ts';

/**
 * A scenario with a fleet for it: in every region as many cells as its tenants needed so far, with some head-room.
 *
 * @param replayed traffic in place of the scenario's own
 * @throws RangeError where a tenant is too large for the scenario's cell
 */
export function scenarioSetting(scenario: Scenario, replayed?: Traffic): SimulationSetting {
  const traffic = replayed ?? scenarioTraffic(scenario);
  const kinds = kindsOf(scenario);
  const { seed, circumstances, target } = scenario;
  const cells = initialCells(traffic, kinds, scenario.cell.headroom);
  return { traffic, kinds, cells, seed, circumstances, target };
}

/** A kind of cell for each region of the scenario, with the zone of the first place there. */
export function kindsOf({ places = [...PLACES], cell }: Scenario): SimulatedKind[] {
  const { costPerHour, hostShare, leastHosts } = cell;
  const regions = [...new Set(places.map(({ region }) => region))].sort();
  return regions.map((region) => ({
    name: `${region} ${cell.size}`,
    prefix: `${region}-`,
    spec: specOf(cell, region),
    zone: timeZone(places.find((place) => place.region === region)!.zone),
    costPerHour,
    hostShare,
    ...(leastHosts !== undefined && { leastHosts }),
  }));
}

/** Cells for the tenants that are there from the beginning, packed by what they did so far. */
export function initialCells(traffic: Traffic, kinds: readonly SimulatedKind[], headroom: number): FirstCell[] {
  const table = new TenantTable(HOURS_PER_WEEK);
  for (const tenant of traffic.tenants) {
    if (tenant.arrives >= traffic.historySteps) continue;
    const { id, pool, regions, enterprise } = tenant;
    const terms = { ...(regions && { regions }), ...(enterprise !== undefined && { enterprise }) };
    table.add({ id, pool, ...terms, use: weekSoFar(tenant, traffic) });
  }
  const { cells, unplaced } = pack(
    table.rows,
    HOURS_PER_WEEK,
    kinds.map(({ prefix, spec }) => ({
      name: (n) => `${prefix}${letters(n)}`,
      region: spec.region,
      limits: cellCapacity(spec).limits,
      headroom,
    })),
  );
  const [first] = unplaced;
  if (first !== undefined) {
    throw new RangeError(
      `${counted(unplaced.length, 'tenant fits', 'tenants fit')} into no cell of the scenario, first ${first.tenant.id}: ${first.excuses[0]!.text}`,
    );
  }
  const kindOf = (region: string): string => kinds.find(({ spec }) => spec.region === region)!.name;
  return cells.map(({ cell, tenants }) => ({
    name: cell.name,
    kind: kindOf(cell.region),
    tenants: [...tenants].map(({ id }) => id),
  }));
}

/** 1 is a, 26 is z, 27 is aa. */
function letters(n: number): string {
  const rest = Math.floor((n - 1) / 26);
  return `${rest === 0 ? '' : letters(rest)}${String.fromCharCode(97 + ((n - 1) % 26))}`;
}

function weekSoFar(tenant: TenantTrace, { start, stepMinutes, historySteps }: Traffic) {
  const from = tenant.arrives;
  const past = tenant.calls.subarray(from, historySteps);
  const begins = { zone: UTC, start: start + from * stepMinutes * MINUTE_MS, stepMinutes };
  const histories = RESOURCES.map((resource) => {
    const values = Float64Array.from(past, (calls) => useAt(tenant, calls, resource));
    return [resource, { ...begins, values }] as const;
  });
  return tenantWeek(Object.fromEntries(histories), tenant.contract);
}

const UTC = timeZone('UTC');
