import { boundOver, exclusiveTo, sumOfBounds, type Candidate, type CellKind } from './cell-kind.ts';
import { CellLoad } from './cell-load.ts';
import { whyNot, type Excuse } from './excuse.ts';
import { fill } from './fill.ts';
import { improve } from './improve.ts';
import type { LowerBound } from './lower-bound.ts';
import type { TenantRow } from './tenant-table.ts';

/** A tenant that no cell holds, and why not, cell by cell. */
export interface Unplaced {
  readonly tenant: TenantRow;
  readonly excuses: readonly Excuse[];
}

export interface Packing {
  readonly cells: readonly CellLoad[];
  readonly unplaced: readonly Unplaced[];
  /** For the tenants that were placed. */
  readonly lowerBound: LowerBound;
}

/** Each pass fills all cells from empty, so this bounds the time. */
const PASSES = 5;

/**
 * Places tenants into as few new cells as it can. Kinds that come first are preferred where a tenant may be in several.
 * The same tenants in the same order give the same cells.
 *
 * @example
 * const { cells, lowerBound } = pack(table.rows, 168, [{ name: (n) => `euw1-${n}`, region: 'eu-west-1', limits }]);
 */
export function pack(tenants: readonly TenantRow[], slots: number, kinds: readonly CellKind[]): Packing {
  const { candidates, unplaced } = findKinds(tenants, slots, kinds);
  const cells: CellLoad[] = [];
  const bounds: LowerBound[] = [];
  for (const group of separate(candidates, kinds.length)) {
    const bound = boundOver(group, kinds, slots);
    bounds.push(bound);
    cells.push(...packGroup(group, kinds, slots, bound.cells));
  }
  return { cells, unplaced, lowerBound: sumOfBounds(bounds) };
}

/** A lower bound on the cells of these kinds that a fleet's tenants need, however it came about. */
export function fleetBound(tenants: readonly TenantRow[], slots: number, kinds: readonly CellKind[]): LowerBound {
  const { candidates } = findKinds(tenants, slots, kinds);
  return sumOfBounds(separate(candidates, kinds.length).map((group) => boundOver(group, kinds, slots)));
}

function findKinds(
  tenants: readonly TenantRow[],
  slots: number,
  kinds: readonly CellKind[],
): { candidates: Candidate[]; unplaced: Unplaced[] } {
  const empty = kinds.map((kind) => new CellLoad({ ...kind, name: `a new cell in ${kind.region}` }, slots));
  const unplaced: Unplaced[] = [];
  const candidates: Candidate[] = [];
  for (const tenant of tenants) {
    const shares = empty.map((cell) => (cell.suits(tenant.terms) ? cell.utilisationWith(tenant) : Infinity));
    const able = [...shares.keys()].filter((k) => shares[k]! < Infinity);
    if (able.length > 0) candidates.push({ tenant, kinds: able, share: Math.min(...shares) });
    else unplaced.push({ tenant, excuses: noneFits(tenant, empty) });
  }
  return { candidates, unplaced };
}

function noneFits(tenant: TenantRow, empty: readonly CellLoad[]): Excuse[] {
  if (empty.length === 0) return [{ cell: '-', code: 'noCell', text: 'no kind of cell may be opened' }];
  // What is of the wrong place explains least, so it comes last.
  const elsewhere = ({ code }: Excuse): number => (code === 'region' || code === 'residency' ? 1 : 0);
  return empty.map((cell) => whyNot(cell, tenant)!).sort((a, b) => elsewhere(a) - elsewhere(b));
}

/** Groups that have no kind of cell in common, so that each can be packed alone. */
function separate(candidates: readonly Candidate[], kinds: number): Candidate[][] {
  const leader = Array.from({ length: kinds }, (_, k) => k);
  const find = (k: number): number => (leader[k] === k ? k : find(leader[k]!));
  for (const { kinds: able } of candidates) {
    for (const k of able) leader[find(k)] = find(able[0]!);
  }
  const groups = new Map<number, Candidate[]>();
  for (const candidate of candidates) {
    const group = find(candidate.kinds[0]!);
    const members = groups.get(group);
    if (members === undefined) groups.set(group, [candidate]);
    else members.push(candidate);
  }
  return [...groups.values()];
}

/** Tries `fewest` cells first, then numbers between what was too few and the best found, which is then improved on. */
function packGroup(
  group: readonly Candidate[],
  kinds: readonly CellKind[],
  slots: number,
  fewest: number,
): readonly CellLoad[] {
  const needed = kinds.map((_, k) => boundOver(exclusiveTo(group, k), kinds, slots).cells);
  const neededInAll = needed.reduce((sum, count) => sum + count, 0);
  const spareKind = (group.find((candidate) => candidate.kinds.length > 1) ?? group[0]!).kinds[0]!;

  let target = Math.max(fewest, neededInAll);
  let tooFew = target - 1;
  let best: readonly CellLoad[] | undefined;
  for (let pass = 0; pass < PASSES; pass++) {
    const counts = needed.map((count, k) => (k === spareKind ? count + target - neededInAll : count));
    const cells = openAndFill(group, kinds, slots, counts);
    const extra = cells.length - target;
    if (best === undefined || cells.length < best.length) best = cells;
    if (extra > 0) tooFew = target;
    if (best.length - tooFew <= 1) break;
    const next = extra > 0 ? target + Math.ceil(extra / 4) : Math.floor((tooFew + best.length) / 2);
    target = Math.min(next, best.length - 1);
  }
  return improve(best!, group, kinds, slots, fewest);
}

/** Fills this many cells of every kind, and opens more for what does not fit. */
function openAndFill(
  group: readonly Candidate[],
  kinds: readonly CellKind[],
  slots: number,
  counts: readonly number[],
): readonly CellLoad[] {
  const opened = kinds.map(() => 0);
  const open = (k: number, count: number): CellLoad[] =>
    Array.from({ length: count }, () => new CellLoad({ ...kinds[k]!, name: kinds[k]!.name(++opened[k]!) }, slots));

  const cells = counts.flatMap((count, k) => open(k, count));
  let left = fill(cells, group);
  while (left.length > 0) {
    const k = left[0]!.kinds[0]!;
    const own = left.filter((candidate) => candidate.kinds[0] === k);
    const more = open(k, boundOver(own, kinds, slots).cells);
    const still = fill(more, own);
    cells.push(...more);
    left = [...left.filter((candidate) => candidate.kinds[0] !== k), ...still];
  }
  return cells;
}
