import { createHash } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import type { History } from '../lib/capacity/forecast/history.ts';
import { timeZone } from '../lib/capacity/forecast/time-zone.ts';
import { plan, planJson } from '../lib/capacity/plan.ts';
import type { Blueprint, FleetCell, FleetTenant, PlanInput } from '../lib/capacity/plan/input.ts';
import { gradeOfServiceOf, POLICIES } from '../lib/capacity/policy.ts';
import { HOURS_PER_WEEK, RESOURCES, type Resource, type WeeklyDemand } from '../lib/capacity/resources.ts';
import { generateTenants, PLACES, type GeneratedTenant } from '../lib/capacity/tenant-generator.ts';
import { tenantHistory } from '../lib/capacity/tenant-history.ts';
import { tenantWeek } from '../lib/capacity/tenant-week.ts';
import { linesForErlangB } from '../lib/capacity/teletraffic/erlang.ts';
import { parseCell, type CellSpec, type Limits } from '../lib/spec/cell.ts';
import { rowLines, type BenchRow } from './row.ts';

const TENANTS = 50_000;
/** Tenants without a cell: 1 % more. */
const WAITING = 500;
const CELLS = 200;
const WEEKS = 8;
const HOUR = 3_600_000;
/** Monday 2025-03-03, 06:00 UTC. */
const NOW = Date.UTC(2025, 2, 3, 6);
const START = NOW - WEEKS * HOURS_PER_WEEK * HOUR;

const specIn = (name: string, region: string): CellSpec => parseCell({ name, region });

/** 200 standard cells over the regions of the tenants, by the tenants there. */
function cellsByRegion(tenants: readonly GeneratedTenant[]): Map<string, string[]> {
  const count = new Map<string, number>();
  for (const { region } of tenants) count.set(region, (count.get(region) ?? 0) + 1);
  const names = new Map<string, string[]>();
  for (const { region } of PLACES) {
    const cells = Math.max(1, Math.round((CELLS * (count.get(region) ?? 0)) / tenants.length));
    names.set(
      region,
      Array.from({ length: cells }, (_, i) => `${region}-${i}`),
    );
  }
  const largest = [...names.values()].sort((a, b) => b.length - a.length)[0]!;
  for (let total = [...names.values()].flat().length; total !== CELLS;) {
    if (total > CELLS) {
      largest.pop();
      total--;
    } else {
      largest.push(`${largest[0]!.replace(/-\d+$/, '')}-${largest.length}`);
      total++;
    }
  }
  return names;
}

interface Made {
  readonly input: PlanInput;
  /** Seconds to reduce 8 weeks of hours of every tenant and resource to weeks and sums; making them up not counted. */
  readonly readSeconds: number;
  /** The same as processor time. */
  readonly readProcessorSeconds: number;
}

function makeInput(): Made {
  const generated = generateTenants({ count: TENANTS + WAITING, seed: 1 });
  const homes = cellsByRegion(generated.slice(0, TENANTS));
  const sums = new Map<string, Record<Resource, History>>();
  const utc = timeZone('UTC');
  for (const name of [...homes.values()].flat()) {
    const empty = RESOURCES.map((resource): [Resource, History] => [
      resource,
      { zone: utc, start: START, stepMinutes: 60, values: new Float64Array(WEEKS * HOURS_PER_WEEK) },
    ]);
    sums.set(name, Object.fromEntries(empty) as Record<Resource, History>);
  }
  let readSeconds = 0;
  let readProcessorSeconds = 0;
  const turn = new Map<string, number>();
  const tenants = generated.map((tenant, i): FleetTenant => {
    const terms = { id: tenant.name, pool: tenant.tier, regions: [tenant.region], limits: limitsOf(tenant) };
    if (i >= TENANTS) return { ...terms, use: tenant.week };
    const names = homes.get(tenant.region)!;
    const next = turn.get(tenant.region) ?? 0;
    turn.set(tenant.region, next + 1);
    const cell = names[next % names.length]!;
    const histories = historiesOf(tenant);
    const start = performance.now();
    const used = process.cpuUsage();
    const use: WeeklyDemand = tenantWeek(histories, tenant.contract);
    const sum = sums.get(cell)!;
    for (const resource of RESOURCES) {
      const { values } = histories[resource];
      const into = sum[resource].values;
      for (let h = 0; h < values.length; h++) into[h]! += values[h]!;
    }
    readSeconds += (performance.now() - start) / 1000;
    readProcessorSeconds += processorSeconds(used);
    return { ...terms, cell, use };
  });
  const cells = [...homes].flatMap(([region, names]) =>
    names.map((name): FleetCell => {
      const history = sums.get(name)!;
      const last = (resource: Resource): number => history[resource].values.at(-1)!;
      return {
        spec: { ...specIn('cell', region), name },
        costPerHour: 4,
        history,
        signals: { measuredAt: NOW - 60_000, relayedCalls: last('relayedCalls'), setups: last('setups'), mos: 4.3 },
      };
    }),
  );
  const blueprints = [...homes.keys()].map((region): Blueprint => ({
    name: `${region} standard`,
    prefix: `${region}-`,
    spec: specIn('blueprint', region),
    costPerHour: 4,
  }));
  return { input: { now: NOW, cells, tenants, blueprints }, readSeconds, readProcessorSeconds };
}

/** A contract as one is sold: twice the calls that it is expected to need, guaranteed to one of twenty. */
function limitsOf({ name, tier, contract: { relayedCalls } }: GeneratedTenant): Limits {
  const calls = 2 * linesForErlangB(relayedCalls, 0.01);
  const guaranteed = tier === 'standard' && name.endsWith('7') && Number(name.at(-2)) % 2 === 0;
  return { calls, guaranteedCalls: guaranteed ? Math.floor(relayedCalls) : 0, callsPerSecond: 5, burst: 10 };
}

/** All resources of a generated tenant follow its calls, so one history makes the others. */
function historiesOf(tenant: GeneratedTenant): Record<Resource, History> {
  const options = { start: START, days: WEEKS * 7, stepMinutes: 60, growthPerWeek: 0.005 };
  const calls = tenantHistory(tenant, 'relayedCalls', options);
  const peak = (resource: Resource): number => tenant.week[resource].reduce((a, b) => Math.max(a, b));
  return Object.fromEntries(
    RESOURCES.map((resource): [Resource, History] => {
      const ratio = peak(resource) / peak('relayedCalls');
      return [resource, { ...calls, values: calls.values.map((value) => value * ratio) }];
    }),
  ) as Record<Resource, History>;
}

function processorSeconds(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1e6;
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');

export async function run(): Promise<BenchRow[]> {
  const { input, readSeconds, readProcessorSeconds } = makeInput();
  const start = performance.now();
  const used = process.cpuUsage();
  const made = plan(input);
  const text = planJson(made);
  const planSeconds = (performance.now() - start) / 1000;
  const planProcessorSeconds = processorSeconds(used);
  const again = planJson(plan(input));
  const what = `a whole plan, ${TENANTS} tenants in ${CELLS} cells, ${WEEKS} weeks of hourly history`;
  const count = (kind: string): number => made.actions.filter((action) => action.kind === kind).length;
  const ours = gradeOfServiceOf(POLICIES.gradeOfService, 1000);
  const rule = gradeOfServiceOf(POLICIES.telecomRule, 1000);
  return [
    {
      what: `${what}: time, histories reduced and planned`,
      figure: readSeconds + planSeconds,
      unit: 's',
      baseline: `${(readProcessorSeconds + planProcessorSeconds).toFixed(1)} s of processor time`,
      goal: { atMost: 60 },
    },
    {
      what: 'of that the plan',
      figure: planSeconds,
      unit: 's',
      baseline: `${planProcessorSeconds.toFixed(1)} s of processor time`,
    },
    {
      what: `${what}: most memory, the made-up histories included`,
      figure: process.resourceUsage().maxRSS / 2 ** 20,
      unit: 'GiB',
      goal: { atMost: 2 },
    },
    {
      what: 'the same plan again: differing bytes (hash)',
      figure: hash(text) === hash(again) ? 0 : 1,
      unit: 'differences',
      goal: { atMost: 0 },
    },
    { what: `of ${WAITING} waiting tenants, placed`, figure: count('place'), unit: 'tenants' },
    { what: 'moves', figure: count('move'), unit: 'tenants' },
    { what: 'stamps', figure: count('stamp'), unit: 'cells' },
    { what: 'holds', figure: count('hold'), unit: 'cells' },
    {
      what: 'lines bought for 1,000 E by the grade of service policy at 1 %',
      figure: ours.lines / rule.lines,
      unit: 'of the telecom rule’s',
      baseline: `telecom rule: ${rule.lines} lines`,
      goal: { atMost: 0.6 },
    },
    { what: 'blocking of these', figure: ours.blocking, unit: 'of the calls', goal: { atMost: 0.01 } },
  ];
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  console.log(rowLines(await run()));
}
