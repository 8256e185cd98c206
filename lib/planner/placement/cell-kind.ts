import { type CellLimits, type SharedLimit } from '../shared-limits.ts';
import type { PlacementCell } from './cell-load.ts';
import { lowerBound, type LowerBound } from './lower-bound.ts';
import type { TenantRow } from './tenant-table.ts';

/** A kind of cell that may be opened as often as needed. */
export interface CellKind extends Omit<PlacementCell, 'name' | 'closed'> {
  /** The name of the nth cell of this kind, n from 1. */
  readonly name: (n: number) => string;
}

/** A tenant, and what it takes of an empty cell in the limit that it takes most of. */
export interface Sized {
  readonly tenant: TenantRow;
  readonly share: number;
}

/** A tenant with the kinds of cells that can hold it. */
export interface Candidate extends Sized {
  /** Indices of kinds, at least one. */
  readonly kinds: readonly number[];
}

/** Those that only one kind can hold, by kind. */
export const exclusiveTo = (candidates: readonly Candidate[], kind: number): Candidate[] =>
  candidates.filter((candidate) => candidate.kinds.length === 1 && candidate.kinds[0] === kind);

/**
 * A lower bound where tenants may be in several kinds of cells: the larger of what all need in cells that take the most
 * of every kind, and what the tenants of each kind alone need together.
 */
export function boundOver(candidates: readonly Candidate[], kinds: readonly CellKind[], slots: number): LowerBound {
  if (candidates.length === 0) return { cells: 0, because: 'no tenants' };
  const used = [...new Set(candidates.flatMap((candidate) => candidate.kinds))].sort((a, b) => a - b);
  const tenants = (some: readonly Candidate[]): TenantRow[] => some.map((candidate) => candidate.tenant);
  const together = lowerBound(tenants(candidates), slots, largest(used.map((k) => kinds[k]!)));
  if (used.length === 1) return together;
  const apart = sumOfBounds(
    used.map((k) => lowerBound(tenants(exclusiveTo(candidates, k)), slots, afterHeadroom(kinds[k]!))),
  );
  return apart.cells > together.cells ? apart : together;
}

/** The bound for tenants that share no kind of cell. */
export const sumOfBounds = (bounds: readonly LowerBound[]): LowerBound => {
  const needed = bounds.filter((bound) => bound.cells > 0);
  if (needed.length === 1) return needed[0]!;
  return {
    cells: needed.reduce((sum, bound) => sum + bound.cells, 0),
    because: needed.map((bound) => `${bound.cells}: ${bound.because}`).join('; ') || 'no tenants',
  };
};

/** What is left of the limits after head-room. */
function afterHeadroom({ limits, headroom = 0 }: CellKind): CellLimits {
  return {
    ...limits,
    sharedLimits: limits.sharedLimits.map((sharedLimit) => ({
      ...sharedLimit,
      limit: sharedLimit.limit * (1 - headroom),
    })),
  };
}

/** Limits that no kind goes beyond. A shared limit that not all kinds have is left out: it says nothing about all tenants. */
function largest(kinds: readonly CellKind[]): CellLimits {
  const all = kinds.map(afterHeadroom);
  const same = (a: SharedLimit, b: SharedLimit): boolean =>
    a.resource === b.resource && String(a.pools) === String(b.pools);
  const sharedLimits = all[0]!.sharedLimits.flatMap((sharedLimit) => {
    const twins = all.map((limits) => limits.sharedLimits.find((other) => same(sharedLimit, other)));
    return twins.every((twin) => twin !== undefined)
      ? [{ ...sharedLimit, limit: Math.max(...twins.map((twin) => twin.limit)) }]
      : [];
  });
  return { sharedLimits, maxTenants: Math.max(...all.map((limits) => limits.maxTenants)) };
}
