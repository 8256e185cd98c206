import type { Demand } from '../planner/resources.ts';
import { trafficForErlangB } from '../planner/teletraffic/erlang.ts';
import type { Tenant } from '../fleet/schema/cell.ts';
import type { Planning } from './planning-schema.ts';

/**
 * What a tenant is expected to use in its busiest hour when nothing but its limits is known. A limit of concurrent calls is
 * a number of circuits: it carries what Erlang's B formula says at the blocking that it was sized for.
 *
 * @example contractOf({ calls: 50, callsPerSecond: 5, burst: 10 }, assumed).relayedCalls // 37.9 at a blocking of 1 %
 */
export function contractOf(limits: Tenant['limits'], assumed: Planning['contracts']): Demand {
  const { blocking, callSeconds, contactsPerCall, processedShare } = assumed;
  const relayedCalls = limits.calls === 0 ? 0 : trafficForErlangB(limits.calls, blocking);
  const setups = Math.min(limits.callsPerSecond, relayedCalls / callSeconds);
  return {
    setups,
    registrations: relayedCalls * contactsPerCall,
    relayedCalls,
    mediaSessions: relayedCalls * processedShare,
    // An event when it starts and one when it ends.
    recordEvents: 2 * setups,
    // Whoever reads the records writes each call once.
    databaseWrites: setups,
  };
}
