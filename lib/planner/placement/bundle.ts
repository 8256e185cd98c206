import type { Sized } from './cell-kind.ts';
import { peaks, type Load, type Terms } from './tenant-table.ts';

/** Several small tenants of equal terms that are placed as one. */
export interface Bundle<T extends Sized> extends Load {
  readonly members: readonly T[];
}

/**
 * Ties tenants together, in their order, up to `most` tenants or a share of `full` of a cell: a packing then has fewer
 * pieces to try. Tenants of an enterprise stay alone, as they may have to be kept apart.
 */
export function bundle<T extends Sized>(
  candidates: readonly T[],
  slots: number,
  { most, full }: { readonly most: number; readonly full: number },
): Bundle<T>[] {
  const open = new Map<Terms, T[]>();
  const bundles: Bundle<T>[] = [];
  for (const candidate of candidates) {
    const { tenant, share } = candidate;
    if (tenant.enterprise !== undefined) {
      bundles.push(tie([candidate], slots));
      continue;
    }
    const members = open.get(tenant.terms) ?? [];
    members.push(candidate);
    open.set(tenant.terms, members);
    // The tenants come the largest first, so the newest is not larger than the others.
    if (members.length >= most || (members.length + 1) * share > full) {
      bundles.push(tie(members, slots));
      open.delete(tenant.terms);
    }
  }
  for (const members of open.values()) bundles.push(tie(members, slots));
  return bundles;
}

function tie<T extends Sized>(members: readonly T[], slots: number): Bundle<T> {
  const { terms, use: first, peak } = members[0]!.tenant;
  if (members.length === 1) return { terms, use: first, peak, tenants: 1, members };
  const use = Float32Array.from(first);
  for (const { tenant } of members.slice(1)) {
    for (let i = 0; i < use.length; i++) use[i]! += tenant.use[i]!;
  }
  return { terms, use, peak: peaks(use, slots), tenants: members.length, members };
}
