import { pathToFileURL } from 'node:url';
import type { CellKind } from '../lib/planner/placement/cell-kind.ts';
import { CellLoad } from '../lib/planner/placement/cell-load.ts';
import { pack, type Packing } from '../lib/planner/placement/pack.ts';
import { TenantTable, type TenantRow } from '../lib/planner/placement/tenant-table.ts';
import { seededRandom, seedOf } from '../lib/planner/random.ts';
import { evenDemand, HOURS_PER_WEEK, RESOURCES, type Resource } from '../lib/planner/resources.ts';
import { DIMENSIONS, FAMILIES, familyBound, type Family, type Instance } from './packing/families.ts';
import { rowLines, type BenchRow } from './row.ts';

export const about =
  'Few tenants that are large, where what fits together decides. The families are those that vector packing is compared on, written\n' +
  'from their descriptions with other random numbers; a dimension is an hour of the set-ups. Published is the mean over their instances\n' +
  'of the best of some 350 heuristics for each instance. The lower bound is the one used there. No clock ends a search: its\n' +
  'steps are counted, so that the same tenants always get the same cells.';

/** Instances of every class, number of items and of dimensions; 10 in the publication. */
const EACH: Readonly<Record<string, number>> = { New: 1, Triplet: 2, Panigrahy: 1 };
const GOALS: Readonly<Record<string, number>> = { New: 1.17, Triplet: 1.15, Panigrahy: 1.073 };

interface Timed extends Packing {
  /** Processor time: a wait for a processor that others use is not the packing's. */
  readonly seconds: number;
}

function timed(rows: readonly TenantRow[], slots: 1 | 168, kind: CellKind): Timed {
  const start = process.cpuUsage();
  const packing = pack(rows, slots, [kind]);
  const { user, system } = process.cpuUsage(start);
  for (const cell of packing.cells) if (cell.overload() !== undefined) throw new Error('a cell is over a limit');
  return { ...packing, seconds: (user + system) / 1e6 };
}

function packInstance({ capacity, items }: Instance): Timed {
  const table = new TenantTable(HOURS_PER_WEEK);
  for (const [i, sizes] of items.entries()) {
    const use = Object.fromEntries(RESOURCES.map((resource) => [resource, new Float64Array(HOURS_PER_WEEK)])) as Record<
      Resource,
      Float64Array
    >;
    use.setups.set(sizes);
    table.add({ id: `t${i}`, pool: 'standard', use });
  }
  return timed(table.rows, HOURS_PER_WEEK, {
    name: (n) => `c${n}`,
    region: 'one',
    limits: {
      sharedLimits: [
        { resource: 'setups', pools: 'all', limit: capacity },
        { resource: 'relayedCalls', pools: ['standard'], limit: 1 },
      ],
      maxTenants: items.length,
    },
  });
}

function familyRows({ name, counts, classes, published }: Family): BenchRow[] {
  const ratios: number[] = [];
  const bounds: number[] = [];
  let slowest = 0;
  for (const [c, make] of classes.entries()) {
    for (const count of counts) {
      for (const dimensions of DIMENSIONS) {
        for (let i = 0; i < EACH[name]!; i++) {
          const seed = seedOf(1000 * c + count, 100 * dimensions + i);
          const instance = make(count, dimensions, seededRandom(seed));
          const bound = familyBound(instance);
          const { cells, lowerBound, seconds } = packInstance(instance);
          ratios.push(cells.length / bound);
          bounds.push(lowerBound.cells / bound);
          slowest = Math.max(slowest, seconds);
        }
      }
    }
  }
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const what = `packing, ${ratios.length} instances of the family ${name}`;
  return [
    {
      what: `${what}: bins over the family's lower bound, mean`,
      figure: mean(ratios),
      unit: 'ratio',
      baseline: `published ${published}`,
      goal: { atMost: GOALS[name]! },
    },
    { what: `${what}: our lower bound over the family's, mean`, figure: mean(bounds), unit: 'ratio' },
    { what: `${what}: processor time, slowest`, figure: slowest, unit: 's' },
  ];
}

/** Tenants that each take 5 to 45 % of a cell in every resource. */
function largeTenants(): BenchRow[] {
  const random = seededRandom(1);
  const table = new TenantTable(1);
  for (let i = 0; i < 300; i++) {
    const use = { ...evenDemand(0) } as Record<Resource, number>;
    for (const resource of RESOURCES) use[resource] = 0.05 + 0.4 * random();
    table.add({ id: `t${i}`, pool: 'standard', use });
  }
  const kind: CellKind = {
    name: (n) => `c${n}`,
    region: 'one',
    limits: {
      sharedLimits: RESOURCES.map((resource) => ({
        resource,
        pools: resource === 'relayedCalls' || resource === 'mediaSessions' ? ['standard'] : ('all' as const),
        limit: 1,
      })),
      maxTenants: 500,
    },
  };
  const { cells, lowerBound, seconds } = timed(table.rows, 1, kind);
  const cosine = cellsByCosine(table.rows, kind);
  return [
    {
      what: 'packing, 300 tenants of 5 to 45 % of a cell in each of 6 resources: cells',
      figure: cells.length,
      unit: 'cells',
      baseline: `best fit by cosine similarity ${cosine}, lower bound ${lowerBound.cells}`,
      goal: { atMost: cosine - 1 },
    },
    { what: 'the same: processor time', figure: seconds, unit: 's', goal: { atMost: 1 } },
  ];
}

/** The largest first, each into the cell whose room points most in its direction. */
function cellsByCosine(rows: readonly TenantRow[], kind: CellKind): number {
  const size = ({ use }: TenantRow): number => use.reduce((sum, value) => sum + value, 0);
  const cells: CellLoad[] = [];
  for (const row of [...rows].sort((a, b) => size(b) - size(a))) {
    const cosine = ({ allowed, use, resourceOf }: CellLoad): number => {
      let product = 0;
      let room2 = 0;
      for (const [l, most] of allowed.entries()) {
        const room = most - use[l]!;
        product += room * row.use[resourceOf[l]!]!;
        room2 += room * room;
      }
      return product / Math.sqrt(room2);
    };
    const fitting = cells.filter((cell) => cell.fits(row)).sort((a, b) => cosine(b) - cosine(a));
    if (fitting[0] === undefined) cells.push(new CellLoad({ ...kind, name: `c${cells.length}` }, 1));
    (fitting[0] ?? cells.at(-1)!).add(row);
  }
  return cells.length;
}

export function run(): Promise<BenchRow[]> {
  return Promise.resolve([...largeTenants(), ...FAMILIES.flatMap(familyRows)]);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) console.log(rowLines(await run()));
