import { amount } from '../wording.ts';

/** What a tenant does with the call set-ups of a cell. */
export interface RateTraffic {
  /** Expected call set-ups per second of its own busy hour. */
  readonly setupsPerSecond: number;
  /** The same in the busiest hour of all together. */
  readonly setupsTogether: number;
  /** At most the contract. */
  readonly guaranteedPerSecond: number;
  readonly contract: { readonly callsPerSecond: number; readonly burst: number };
}

export interface RateLimits {
  /** In the order of the tenants. */
  readonly limits: readonly {
    readonly guaranteedBurst: number;
    readonly callsPerSecond: number;
    readonly burst: number;
  }[];
  /** What is guaranteed to nobody. */
  readonly shared: { readonly callsPerSecond: number; readonly burst: number };
}

/** Standard normal quantile of 99 %: how far a second is above the mean second. */
const Z99 = 2.326;

/**
 * Shares set-ups per second out, as `callLimits` does places: a limit is what there is to spare in a second that is busier
 * than 99 of 100, or what the tenant itself needs in one if that is more, and never above its contract.
 *
 * @param setupsPerSecond set-ups that can be handled
 * @returns an excuse where the guarantees alone are more than there is
 */
export function rateLimits(
  setupsPerSecond: number,
  tenants: readonly RateTraffic[],
): RateLimits | { readonly excuse: string } {
  const guaranteed = tenants.reduce((sum, one) => sum + one.guaranteedPerSecond, 0);
  if (guaranteed > setupsPerSecond) {
    return {
      excuse: `${amount(guaranteed)} set-ups/s are guaranteed, but only ${amount(setupsPerSecond)} can be handled`,
    };
  }
  const shared = setupsPerSecond - guaranteed;
  const spare = Math.max(0, shared - busySecondAboveGuarantees(tenants));
  return {
    limits: tenants.map((one) => limitsOf(one, spare)),
    shared: { callsPerSecond: shared, burst: Math.max(1, Math.floor(shared)) },
  };
}

/** Set-ups that come above the guarantees in a second that is busier than 99 of 100. */
function busySecondAboveGuarantees(tenants: readonly RateTraffic[]): number {
  const mean = tenants.reduce((sum, one) => sum + Math.max(0, one.setupsTogether - one.guaranteedPerSecond), 0);
  const variance = tenants.reduce((sum, one) => sum + one.setupsTogether, 0);
  return mean + Z99 * Math.sqrt(variance);
}

function limitsOf(
  { setupsPerSecond, guaranteedPerSecond, contract }: RateTraffic,
  spare: number,
): RateLimits['limits'][number] {
  const busySecond = setupsPerSecond + Z99 * Math.sqrt(setupsPerSecond);
  const most = Math.max(guaranteedPerSecond + spare, busySecond);
  const rate = Math.min(contract.callsPerSecond, most);
  const guaranteedBurst = guaranteedPerSecond === 0 ? 0 : Math.max(1, Math.floor(guaranteedPerSecond));
  return {
    guaranteedBurst,
    callsPerSecond: rate,
    // As much at once as there is to spare in a second: the cell's own bucket holds a second. Above the guarantee at least one.
    burst: Math.max(
      guaranteedBurst + (rate > guaranteedPerSecond ? 1 : 0),
      Math.min(contract.burst, Math.max(1, Math.floor(most))),
    ),
  };
}
