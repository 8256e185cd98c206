import { counted } from '../../config-file/counted.ts';
import { linesForErlangB } from '../teletraffic/erlang.ts';
import { sharedDemand, sharedPlacesFor, timeCongestion, type GuaranteedTraffic } from './shared-demand.ts';
import { finePercent } from '../wording.ts';

/** What a tenant does with places for calls that it shares with others. */
export interface CallTraffic {
  readonly id: string;
  /** Expected traffic of its own busy hour, erlangs. */
  readonly erlangs: number;
  /** The same in the busiest hour of all that share the places. */
  readonly erlangsTogether: number;
  /** At most the contract. */
  readonly guaranteedCalls: number;
  readonly contractCalls: number;
}

export interface CallLimits {
  /** Concurrent calls at most, guarantees included, in the order of the tenants. */
  readonly calls: readonly number[];
  /** Places that are guaranteed to nobody. */
  readonly shared: number;
  /** Share of time that they are all taken at the expected traffic. */
  readonly congestion: number;
  /** The same for the others while this tenant fills its own limit all the time; undefined where there are no others. */
  readonly worstNeighbour: { readonly id: string; readonly congestion: number } | undefined;
  readonly findings: readonly string[];
}

/**
 * Shares places for calls out. A limit is what the shared part has to spare beyond what all need at the target, or what the
 * tenant itself needs if that is more, and never above its contract.
 *
 * @param places concurrent calls that can be carried
 * @param target share of calls that may be lost, between 0 and 1
 * @returns an excuse where the guarantees alone are more than there is
 */
export function callLimits(
  places: number,
  tenants: readonly CallTraffic[],
  target: number,
): CallLimits | { readonly excuse: string } {
  const guaranteed = tenants.reduce((sum, one) => sum + one.guaranteedCalls, 0);
  if (guaranteed > places)
    return { excuse: `${counted(guaranteed, 'call is', 'calls are')} guaranteed, but there is room for ${places}` };
  const findings: string[] = [];
  const shared = Math.floor(places) - guaranteed;
  const demand = sharedDemand(tenants.map(together), shared);
  const needed = sharedPlacesFor(demand, target, shared);
  const congestion = timeCongestion(demand, shared);
  if (needed === undefined) {
    findings.push(
      `the ${counted(shared, 'shared call is', 'shared calls are')} all taken ${finePercent(congestion)} of the time at the expected traffic, target ${finePercent(target)}`,
    );
  }
  // No other tenant limits one that is alone.
  const spare = tenants.length === 1 ? shared : needed === undefined ? 0 : shared - needed;
  const calls = tenants.map(({ guaranteedCalls, contractCalls, erlangs }) => {
    const most = guaranteedCalls + spare;
    return most >= contractCalls
      ? contractCalls
      : Math.min(contractCalls, Math.max(most, linesForErlangB(erlangs, target)));
  });
  const worstNeighbour = worstOf(tenants, calls, shared);
  if (needed !== undefined && worstNeighbour !== undefined && worstNeighbour.congestion > target) {
    findings.push(
      `${worstNeighbour.id} at its own limit leaves the others ${finePercent(worstNeighbour.congestion)} congestion, target ${finePercent(target)}: it needs a guarantee, or a larger cell`,
    );
  }
  return { calls, shared, congestion, worstNeighbour, findings };
}

const together = ({ erlangsTogether, guaranteedCalls }: CallTraffic): GuaranteedTraffic => ({
  erlangs: erlangsTogether,
  guaranteedCalls,
});

/** The tenant that can take most of the shared part; of equals the one that leaves the most traffic to the others. */
function worstOf(
  tenants: readonly CallTraffic[],
  calls: readonly number[],
  shared: number,
): CallLimits['worstNeighbour'] {
  const excess = calls.map((most, i) => Math.min(shared, most - tenants[i]!.guaranteedCalls));
  const order = [...excess.keys()].sort(
    (a, b) => excess[b]! - excess[a]! || tenants[a]!.erlangsTogether - tenants[b]!.erlangsTogether,
  );
  const worst = order[0];
  if (worst === undefined || tenants.length === 1) return undefined;
  const others = tenants.filter((_, i) => i !== worst).map(together);
  const congestion = timeCongestion(sharedDemand(others, shared), shared - excess[worst]!);
  return { id: tenants[worst]!.id, congestion };
}
