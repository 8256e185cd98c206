/** Turns what was read into what the planner takes. Arithmetic only. */
import { figuresWith, type Measurements } from '../capacity/component-figures.ts';
import type { Blueprint, FleetCell, FleetTenant, PlanInput } from '../capacity/plan/input.ts';
import { quotaUse, type Quota } from '../capacity/plan/quotas.ts';
import { POLICIES, type Policy } from '../capacity/policy.ts';
import { tenantWeek } from '../capacity/tenant-week.ts';
import type { CellSpec, Tenant } from '../spec/cell.ts';
import { calendarOf, yearsAround, type CalendarFile } from './calendar-file.ts';
import type { CheckedFile } from './checked-file.ts';
import { contractOf } from './contract.ts';
import type { FleetFiles } from './fleet-files.ts';
import type { Planning } from './planning-schema.ts';
import type { PlanningFile } from './read-planning.ts';

export interface FleetSources {
  readonly planning: PlanningFile;
  readonly fleet: FleetFiles;
  readonly calendar: CheckedFile<CalendarFile> | undefined;
  readonly measurements: Measurements;
  readonly now: number;
}

const WEEK_MS = 7 * 86_400_000;

export function fleetInput(sources: FleetSources): { input: Omit<PlanInput, 'memory'>; notes: readonly string[] } {
  const { planning, fleet, measurements, now } = sources;
  const { value } = planning;
  const { costPerHour, ...caps } = value.rules.caps;
  const input: Omit<PlanInput, 'memory'> = {
    now,
    policy: policyOf(value.policy),
    rules: { ...value.rules, caps: { ...caps, costPerHour: costPerHour ?? Infinity } },
    figures: figuresWith(measurements),
    cells: fleet.cells.map((spec) => fleetCell(spec, sources)),
    tenants: [
      ...fleet.cells.flatMap((cell) => cell.tenants.map((tenant) => fleetTenant(tenant, cell, value))),
      ...value.waiting.map((tenant) => fleetTenant(tenant, undefined, value)),
    ],
    blueprints: [...planning.kinds].map(([name, { kind, spec }]): Blueprint => ({
      name,
      prefix: kind.prefix,
      spec,
      ...optional({ jurisdiction: kind.jurisdiction, costPerHour: kind.costPerHour }),
    })),
    stamped: value.stamps.map(({ cell, started, ready }) => ({
      cell,
      startedAt: Date.parse(started),
      readyAt: Date.parse(ready),
    })),
    quotas: quotasOf(value, fleet.cells),
  };
  return { input, notes: [] };
}

/** Without the keys that are not given. */
function optional<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

function policyOf({ name, ...own }: Planning['policy']): Policy {
  return { ...POLICIES[name], ...optional(own) } as Policy;
}

function fleetCell(spec: CellSpec, { planning, calendar, fleet: _fleet, now }: FleetSources): FleetCell {
  const facts = planning.value.cells[spec.name];
  const tenants = new Set(spec.tenants.map(({ name }) => name));
  const years = yearsAround(now - planning.value.history.weeks * WEEK_MS, now + 26 * WEEK_MS);
  return {
    spec,
    ...optional({ jurisdiction: facts?.jurisdiction, costPerHour: facts?.costPerHour }),
    history: {},
    signals: { measuredAt: undefined },
    ...(calendar?.value && calendarOf(calendar.value, spec, tenants, years)),
    ...(facts?.elastic && {
      elastic: {
        least: facts.elastic.least,
        inService: facts.elastic.inService ?? Array.from({ length: spec.media.hosts }, (_, i) => i + 1),
      },
    }),
    ...(facts?.unfinished && {
      unfinished: { step: facts.unfinished.step, since: Date.parse(facts.unfinished.since) },
    }),
  };
}

function fleetTenant(tenant: Tenant, cell: CellSpec | undefined, { contracts }: Planning): FleetTenant {
  const regions = tenant.regions ?? (cell && [cell.region]);
  return {
    id: tenant.name,
    pool: tenant.tier,
    ...optional({ enterprise: tenant.enterprise, regions, residency: tenant.jurisdiction, cell: cell?.name }),
    use: tenantWeek({}, contractOf(tenant.limits, contracts)),
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
