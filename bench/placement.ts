import { pathToFileURL } from 'node:url';
import type { SharedLimit } from '../lib/planner/shared-limits.ts';
import type { CellKind } from '../lib/planner/placement/cell-kind.ts';
import { CellLoad } from '../lib/planner/placement/cell-load.ts';
import { fleetBound, pack } from '../lib/planner/placement/pack.ts';
import { placeMore } from '../lib/planner/placement/place-more.ts';
import { chooseCell } from '../lib/planner/placement/place-one.ts';
import { TenantTable } from '../lib/planner/placement/tenant-table.ts';
import { normal, seededRandom } from '../lib/planner/random.ts';
import { RESOURCES, type Demand, type Resource } from '../lib/planner/resources.ts';
import { generateTenants, type GeneratedTenant } from '../lib/planner/tenant-generator.ts';
import { growByPlans } from './placement/growth-by-plans.ts';
import { cellsByPeaks, type Rule } from './placement/usual-heuristics.ts';
import { rowLines, type BenchRow } from './row.ts';

export const about =
  'Rows by `pack` and `placeMore`, the arithmetic that plans share, with a cap of 500 tenants a cell; the rows by daily plans are\n' +
  'of `plan` with its default rules and standard cells, whose actions are carried out. There no history is given, so that what\n' +
  'tenants are expected to use is what they use, as for the packing from scratch.';

const TENANTS = 50_000;
const MAX_TENANTS = 500;

/** A cell of 4 media hosts, one of them lost, that the generated tenants fill in several limits. */
const WEEKLY_LANES: readonly SharedLimit[] = [
  { resource: 'setups', pools: 'all', limit: 60 },
  { resource: 'registrations', pools: 'all', limit: 60_000 },
  { resource: 'recordEvents', pools: 'all', limit: 200 },
  { resource: 'databaseWrites', pools: 'all', limit: 100 },
  { resource: 'relayedCalls', pools: ['standard'], limit: 5000 },
  { resource: 'relayedCalls', pools: ['high-volume'], limit: 5000 },
  { resource: 'mediaSessions', pools: ['standard'], limit: 2000 },
  { resource: 'mediaSessions', pools: ['high-volume'], limit: 2000 },
];

/** How full 100 cells would be in every resource, in the order of `RESOURCES`: three ways to be tight. */
const TIGHTNESS = {
  'one resource tight': [0.95, 0.9, 0.999, 0.85, 0.8, 0.75],
  'all resources tight': [0.997, 0.997, 0.997, 0.997, 0.997, 0.997],
  'tenant cap alone tight': [0.95, 0.9, 0.85, 0.8, 0.75, 0.7],
};

/** Tenants whose sizes are log-normal, with their own mix of resources, and a cell so that 100 of them are so full. */
function logNormalInstance(seed: number, tightness: readonly number[]): { table: TenantTable; kind: CellKind } {
  const random = seededRandom(seed);
  const table = new TenantTable(1);
  const sums = new Float64Array(RESOURCES.length);
  for (let i = 0; i < TENANTS; i++) {
    const size = Math.exp(1.2 * normal(random));
    const use = Object.fromEntries(
      RESOURCES.map((resource) => [resource, size * Math.exp(0.4 * normal(random))]),
    ) as Record<Resource, number> satisfies Demand;
    RESOURCES.forEach((resource, r) => (sums[r]! += use[resource]));
    table.add({ id: `t${i}`, pool: 'standard', use });
  }
  const sharedLimits = RESOURCES.map((resource, r): SharedLimit => ({
    resource,
    pools: 'all',
    limit: sums[r]! / 100 / tightness[r]!,
  }));
  return {
    table,
    kind: {
      name: (n) => `c${n}`,
      region: 'one',
      limits: { sharedLimits: withPool(sharedLimits), maxTenants: MAX_TENANTS },
    },
  };
}

/** Relayed calls belong to a pool; which one does not matter here. */
const withPool = (sharedLimits: readonly SharedLimit[]): SharedLimit[] =>
  sharedLimits.map((sharedLimit) =>
    sharedLimit.resource === 'relayedCalls' ? { ...sharedLimit, pools: ['standard'] } : sharedLimit,
  );

function vectorRows(): BenchRow[] {
  let worstRatio = 0;
  let worstFirstFit = 0;
  let slowest = 0;
  let mostProcessor = 0;
  for (const tightness of Object.values(TIGHTNESS)) {
    for (const seed of [1, 2]) {
      const { table, kind } = logNormalInstance(seed, tightness);
      const start = performance.now();
      const used = process.cpuUsage();
      const { cells, lowerBound } = pack(table.rows, 1, [kind]);
      const { user, system } = process.cpuUsage(used);
      slowest = Math.max(slowest, (performance.now() - start) / 1000);
      mostProcessor = Math.max(mostProcessor, (user + system) / 1e6);
      worstRatio = Math.max(worstRatio, cells.length / lowerBound.cells);
      worstFirstFit = Math.max(worstFirstFit, cellsByPeaks(table.rows, [kind], 'first fit') / lowerBound.cells);
    }
  }
  const what = `placement, ${TENANTS} log-normal tenants, 6 resources, cap ${MAX_TENANTS}, worst of 6 instances`;
  return [
    {
      what: `${what}: cells over the lower bound`,
      figure: worstRatio,
      unit: 'ratio',
      baseline: `first fit decreasing ${worstFirstFit.toFixed(3)}`,
      goal: { atMost: 1.01 },
    },
    {
      what: `${what}: time`,
      figure: slowest,
      unit: 's',
      baseline: `${mostProcessor.toFixed(2)} s of processor time`,
      goal: { atMost: 2 },
    },
  ];
}

function tableOf(tenants: readonly GeneratedTenant[], slots: 1 | 168): TenantTable {
  const table = new TenantTable(slots);
  for (const { name, tier, region, week, enterprise } of tenants) {
    table.add({
      id: name,
      pool: tier,
      regions: [region],
      use: week,
      ...(enterprise === undefined ? {} : { enterprise }),
    });
  }
  return table;
}

const kindsOf = (tenants: readonly GeneratedTenant[], sharedLimits = WEEKLY_LANES): CellKind[] =>
  [...new Set(tenants.map((tenant) => tenant.region))].sort().map((region) => ({
    name: (n) => `${region}-${n}`,
    region,
    limits: { sharedLimits, maxTenants: MAX_TENANTS },
  }));

function weeklyRows(tenants: readonly GeneratedTenant[]): BenchRow[] {
  const kinds = kindsOf(tenants);
  const table = tableOf(tenants, 168);
  const start = performance.now();
  const { cells, lowerBound } = pack(table.rows, 168, kinds);
  const seconds = (performance.now() - start) / 1000;
  const peaks = tableOf(tenants, 1).rows;
  const peakBound = fleetBound(peaks, 1, kinds);
  const usual = (rule: Rule): BenchRow => {
    const count = cellsByPeaks(peaks, kinds, rule);
    return {
      what: `${what}: cells, as part of those of ${rule} decreasing by peaks`,
      figure: cells.length / count,
      unit: 'ratio',
      baseline: `${count} cells`,
      goal: { atMost: 1 },
    };
  };
  const what = `placement, ${TENANTS} generated tenants with weekly profiles in ${kinds.length} regions`;
  return [
    {
      what: `${what}: cells over the lower bound`,
      figure: cells.length / lowerBound.cells,
      unit: 'ratio',
      goal: { atMost: 1.01 },
    },
    { what: `${what}: time`, figure: seconds, unit: 's' },
    {
      what: `${what}: cells`,
      figure: cells.length,
      unit: 'cells',
      baseline: `any packing by peaks needs at least ${peakBound.cells}`,
      goal: { atMost: peakBound.cells - 1 },
    },
    usual('best fit'),
    usual('worst fit'),
  ];
}

/** This number of tenants comes one at a time. */
const NEWCOMERS = 2000;

/** Tenants one at a time into a fleet of 200 cells and 50,000 tenants, with an excuse for every other cell. */
function placeOneRow(): BenchRow {
  const tenants = generateTenants({ count: TENANTS + NEWCOMERS, seed: 1 });
  // So small that 50,000 tenants fill 200 cells.
  const sharedLimits = WEEKLY_LANES.map((sharedLimit) =>
    sharedLimit.resource === 'relayedCalls' ? { ...sharedLimit, limit: sharedLimit.limit * 0.433 } : sharedLimit,
  );
  const { rows } = tableOf(
    tenants.map((tenant) => ({ ...tenant, region: 'one' })),
    168,
  );
  const { cells } = pack(rows.slice(NEWCOMERS), 168, kindsOf([{ ...tenants[0]!, region: 'one' }], sharedLimits));
  const times = rows.slice(0, NEWCOMERS).map((tenant) => {
    // Processor time: a wait for a processor that others use is not the placement's.
    const start = process.cpuUsage();
    const { cell } = chooseCell(cells, tenant);
    const { user, system } = process.cpuUsage(start);
    cell?.add(tenant);
    return (user + system) / 1000;
  });
  times.sort((a, b) => a - b);
  return {
    what: `placement of one tenant into ${cells.length} cells and ${TENANTS} tenants, all excuses, p99 of ${NEWCOMERS}, processor time`,
    figure: times[Math.floor(0.99 * times.length)]!,
    unit: 'ms',
    goal: { atMost: 5 },
  };
}

function using(tenant: GeneratedTenant, times: number): GeneratedTenant {
  const week = Object.fromEntries(
    RESOURCES.map((resource) => [resource, tenant.week[resource].map((value) => value * times)]),
  ) as Record<Resource, Float64Array>;
  return { ...tenant, week };
}

function drifted(tenants: readonly GeneratedTenant[], drift: number): GeneratedTenant[] {
  const random = seededRandom(7);
  return tenants.map((tenant) => using(tenant, Math.exp(drift * normal(random))));
}

/** A packed fleet gets 5 % more tenants, after 5 % have left and all others have grown or shrunk a little. */
function growthRows(tenants: readonly GeneratedTenant[], drift: number): BenchRow[] {
  const kinds = kindsOf(tenants);
  const fresh = Math.floor(TENANTS / 21);
  const old = tenants.slice(fresh);
  const { cells } = pack(tableOf(old, 168).rows, 168, kinds);
  const grown = drifted(tenants, drift);
  const now = tableOf(grown, 168);
  const fleet = cells.map((cell) => {
    const load = new CellLoad(cell.cell, 168);
    for (const tenant of cell.tenants) load.add(now.get(tenant.id)!);
    return load;
  });
  const result = placeMore(fleet, now.rows.slice(0, fresh), 168, kinds, { maxMoves: Math.floor(0.01 * old.length) });
  const fromScratch = pack(now.rows, 168, kinds).cells.length;
  const what = `placement of ${fresh} more tenants into a fleet of ${old.length}, drift ${drift * 100} %`;
  return [
    {
      what: `${what}: others moved`,
      figure: (100 * result.moves.length) / old.length,
      unit: '%',
      goal: { atMost: 1 },
    },
    {
      what: `${what}: cells over packing from scratch`,
      figure: result.cells.length / fromScratch,
      unit: 'ratio',
      baseline: `from scratch ${fromScratch}, lower bound ${result.lowerBound.cells}`,
      goal: { atMost: 1.02 },
    },
  ];
}

/** The same by what an operator runs, with tenants whose calls, and not the cap on tenants, fill a standard cell. */
function planRows(): BenchRow[] {
  const drift = 0.05;
  const tenants = generateTenants({ count: TENANTS + 500, seed: 1 })
    .filter(({ contract }) => contract.relayedCalls <= 800)
    .slice(0, TENANTS)
    .map((tenant) => using(tenant, 1.6));
  const fresh = Math.floor(TENANTS / 21);
  const now = drifted(tenants, drift);
  const old = tenants.slice(fresh);
  const { cells, fromScratch, moves, left, plans, tooFull } = growByPlans(now.slice(0, fresh), old, now);
  const what = `${fresh} more tenants wait beside a fleet of ${old.length}, drift ${drift * 100} %, ${plans} daily plans`;
  return [
    {
      what: `${what}: others moved`,
      figure: (100 * moves) / old.length,
      unit: '%',
      baseline: `${moves} moves; ${tooFull[0]} cells were too full before, ${tooFull[1]} after`,
      goal: { atMost: 1 },
    },
    {
      what: `${what}: cells over packing from scratch`,
      figure: cells / fromScratch,
      unit: 'ratio',
      baseline: `from scratch ${fromScratch}`,
      goal: { atMost: 1.02 },
    },
    { what: `${what}: left without a cell`, figure: left, unit: 'tenants', goal: { atMost: 0 } },
  ];
}

export function run(): Promise<BenchRow[]> {
  const rows = vectorRows();
  const tenants = generateTenants({ count: TENANTS, seed: 1 });
  rows.push(
    ...weeklyRows(tenants),
    placeOneRow(),
    ...growthRows(tenants, 0),
    ...growthRows(tenants, 0.05),
    ...planRows(),
  );
  return Promise.resolve(rows);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) console.log(rowLines(await run()));
