/** Turns what was read into what the planner takes. Arithmetic only. */
import { counted } from '../config-file/counted.ts';
import { figuresWith, type Measurements } from '../planner/component-figures.ts';
import type { Blueprint, FleetCell, FleetTenant, PlanInput, Signals } from '../planner/plan/input.ts';
import { quotaUse, type Quota } from '../planner/plan/quotas.ts';
import { timeZone, type TimeZone } from '../planner/forecast/time-zone.ts';
import type { History } from '../planner/forecast/history.ts';
import { RESOURCES, type Resource } from '../planner/resources.ts';
import { tenantWeek } from '../planner/tenant-week.ts';
import type { CellSpec, Tenant } from '../fleet/schema/cell.ts';
import { calendarOf, yearsAround, type CalendarFile } from './calendar-file.ts';
import { cellMeasured, type CellMeasured } from './cell-measured.ts';
import type { CheckedFile } from '../config-file/checked-file.ts';
import { contractOf } from './contract.ts';
import { forgetImplausibleUse } from './implausible-use.ts';
import { deployFacts, type DeployStep } from './deploys.ts';
import type { FleetFiles } from './fleet-files.ts';
import { historyOf, type Grid } from './history/grid.ts';
import type { Measured } from './history/measured.ts';
import type { Planning } from './planning-schema.ts';
import { planningTerms } from './planning-terms.ts';
import type { PlanningFile } from './read-planning.ts';
import { DAY_MS } from '../planner/time.ts';

export interface FleetSources {
  readonly planning: PlanningFile;
  readonly fleet: FleetFiles;
  readonly deploys: readonly DeployStep[];
  readonly calendar: CheckedFile<CalendarFile> | undefined;
  readonly measurements: Measurements;
  readonly measured: Measured;
  readonly grid: Grid;
  /** By cell, as they are now; of others the newest of their history. */
  readonly signals: ReadonlyMap<string, Signals>;
  /** Numbers of the media hosts that take new calls, by cell, where that was measured. */
  readonly inService: ReadonlyMap<string, readonly number[]>;
  readonly now: number;
}

const WEEK_MS = 7 * DAY_MS;

export function fleetInput(sources: FleetSources): { input: Omit<PlanInput, 'memory'>; notes: readonly string[] } {
  const { planning, fleet, measurements, measured, grid, now } = sources;
  const { value } = planning;
  const zones = zonesOf(value);
  const cells = fleet.cells.map((spec) => {
    const zone = zones.of(spec.name);
    const implausible = forgetImplausibleUse(spec, measured, grid);
    return { spec, zone, implausible, use: cellMeasured(spec, measured, grid, zone, now) };
  });
  const weekOf = (tenant: Tenant, zone: TimeZone): FleetTenant['use'] =>
    tenantWeek(tenantHistories(tenant.name, measured, grid, zone), contractOf(tenant.limits, value.contracts));
  const input: Omit<PlanInput, 'memory'> = {
    now,
    ...planningTerms(value),
    figures: figuresWith(measurements),
    cells: cells.map(({ spec, use, implausible }) => ({ ...fleetCell(spec, use, sources), implausible })),
    tenants: [
      ...cells.flatMap(({ spec, zone, use }) =>
        spec.tenants.map((tenant) => fleetTenant(tenant, weekOf(tenant, zone), { spec, use })),
      ),
      ...value.waiting.map((tenant) => fleetTenant(tenant, weekOf(tenant, zones.fleet))),
    ],
    blueprints: [...planning.kinds].map(([name, { kind, spec }]): Blueprint => ({
      name,
      prefix: kind.prefix,
      spec,
      ...optional({ jurisdiction: kind.jurisdiction, costPerHour: kind.costPerHour }),
    })),
    quotas: quotasOf(value, fleet.cells),
  };
  const unknown = input.tenants.filter(({ id }) => !measured.tenant.has(id)).length;
  const notes = cells.flatMap(({ use }) => use.notes);
  if (unknown > 0) {
    notes.push(
      `${unknown} of ${counted(input.tenants.length, 'tenant')} without a history: expected to use what their limits were sized for`,
    );
  }
  return { input, notes };
}

/** Each zone made once: it remembers when its clocks change. */
export function zonesOf({ zone, cells }: Planning): {
  readonly fleet: TimeZone;
  readonly all: readonly TimeZone[];
  readonly of: (cell: string) => TimeZone;
} {
  const made = new Map<string, TimeZone>();
  const make = (name: string): TimeZone => {
    let one = made.get(name);
    if (one === undefined) made.set(name, (one = timeZone(name)));
    return one;
  };
  const fleet = make(zone);
  for (const { zone: own } of Object.values(cells)) if (own !== undefined) make(own);
  return { fleet, all: [...made.values()], of: (cell) => make(cells[cell]?.zone ?? zone) };
}

function tenantHistories(
  name: string,
  measured: Measured,
  grid: Grid,
  zone: TimeZone,
): Partial<Record<Resource, History>> {
  const histories: Partial<Record<Resource, History>> = {};
  for (const resource of RESOURCES) {
    const values = measured.get('tenant', name, resource);
    const history = values && historyOf(values, grid, zone);
    if (history !== undefined) histories[resource] = history;
  }
  return histories;
}

/** Without the keys that are not given. */
function optional<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

function fleetCell(
  spec: CellSpec,
  use: CellMeasured,
  { planning, calendar, deploys, signals, inService, now }: FleetSources,
): FleetCell {
  const facts = planning.value.cells[spec.name];
  const tenants = new Set(spec.tenants.map(({ name }) => name));
  const years = yearsAround(now - planning.value.history.weeks * WEEK_MS, now + 26 * WEEK_MS);
  return {
    spec,
    ...optional({ jurisdiction: facts?.jurisdiction, costPerHour: facts?.costPerHour }),
    history: use.history,
    ...(use.poolHistory && { poolHistory: use.poolHistory }),
    ...(use.tenantHistory && { tenantHistory: use.tenantHistory }),
    historyOf: use.historyOf,
    signals: signals.get(spec.name) ?? use.signals,
    ...(calendar?.value && calendarOf(calendar.value, spec, tenants, years)),
    ...(facts?.elastic && {
      elastic: {
        least: facts.elastic.least,
        inService:
          facts.elastic.inService ??
          inService.get(spec.name) ??
          Array.from({ length: spec.media.hosts }, (_, i) => i + 1),
      },
    }),
    ...deployFacts(deploys, spec.name),
    ...(facts?.unfinished && {
      unfinished: { step: facts.unfinished.step, since: Date.parse(facts.unfinished.since) },
    }),
  };
}

function fleetTenant(
  tenant: Tenant,
  use: FleetTenant['use'],
  home?: { readonly spec: CellSpec; readonly use: CellMeasured },
): FleetTenant {
  const regions = tenant.regions ?? (home && [home.spec.region]);
  const { guaranteedCalls } = tenant.limits;
  return {
    id: tenant.name,
    pool: tenant.tier,
    ...optional({
      enterprise: tenant.enterprise,
      regions,
      residency: tenant.jurisdiction,
      cell: home?.spec.name,
      since: home?.use.since.get(tenant.name),
      measuredAt: home?.use.measuredAt.get(tenant.name),
    }),
    ...(guaranteedCalls > 0 && { guaranteed: { relayedCalls: guaranteedCalls } }),
    limits: tenant.limits,
    use,
  };
}

/** What the fleet itself uses is counted from its files; `others` is on top. */
function quotasOf({ quotas }: Planning, cells: readonly CellSpec[]): Quota[] {
  const built = cells.filter(({ state }) => state !== 'planned');
  return quotas.map(({ region, quota, limit, others }) => {
    const own = built.filter((cell) => cell.region === region).map((cell) => quotaUse(cell)[quota]);
    return { region, quota, limit, used: own.reduce((a, b) => a + b, others) };
  });
}
