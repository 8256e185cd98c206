import { cellNeeds } from '../../fleet/aws-needs.ts';
import type { CellSpec } from '../../fleet/schema/cell.ts';
import type { QuotaNeed } from './schema.ts';

export const QUOTA_NAMES = ['elasticAddresses', 'instances', 'vcpus', 'networks'] as const;
export type QuotaName = (typeof QUOTA_NAMES)[number];

/** What a region allows and what is used of it, by the fleet and by others. */
export interface Quota {
  readonly region: string;
  /**
   * `elasticAddresses`: Elastic IPs (5 a region unless raised); `instances`: EC2 instances; `vcpus`: of On-Demand
   * standard instances; `networks`: private ranges (and VPCs) that are free for cells.
   */
  readonly quota: QuotaName;
  readonly limit: number;
  readonly used: number;
}

/**
 * What one more cell takes of what AWS allows: a floating address and one for every host, two SBCs and the media hosts, one
 * network. A cell that is elsewhere takes nothing.
 */
export function quotaUse(cell: CellSpec): Readonly<Record<QuotaName, number>> {
  const { elasticIps, vcpus, vpcs } = cellNeeds(cell);
  return { elasticAddresses: elasticIps, instances: vpcs * (2 + cell.media.hosts), vcpus, networks: vpcs };
}

/** Keeps count of what stamps of this plan take from the quotas. */
export class QuotaBook {
  readonly #quotas: readonly Quota[];
  readonly #taken = new Map<Quota, number>();
  readonly #wanted = new Map<Quota, number>();

  constructor(quotas: readonly Quota[]) {
    this.#quotas = quotas;
  }

  /** Takes what a cell needs, or takes nothing and says what is short. */
  take(spec: CellSpec): string | undefined {
    const use = quotaUse(spec);
    const own = this.#quotas.filter(({ region }) => region === spec.region);
    let short: string | undefined;
    for (const quota of own) {
      const taken = this.#taken.get(quota) ?? 0;
      const needed = use[quota.quota];
      this.#wanted.set(quota, (this.#wanted.get(quota) ?? 0) + needed);
      if (quota.used + taken + needed <= quota.limit) continue;
      short ??= `${quota.quota} in ${quota.region}: ${quota.used + taken} used + ${needed} for the cell, quota ${quota.limit}`;
    }
    if (short !== undefined) return short;
    for (const quota of own) this.#taken.set(quota, (this.#taken.get(quota) ?? 0) + use[quota.quota]);
    return undefined;
  }

  needs(): QuotaNeed[] {
    return this.#quotas.map((quota) => {
      const needed = this.#wanted.get(quota) ?? 0;
      const { region, limit, used } = quota;
      return { region, quota: quota.quota, limit, used, needed, short: Math.max(0, used + needed - limit) };
    });
  }
}
