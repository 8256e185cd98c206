/** What calls to carriers may cost. */
import { counted } from '../../config-file/counted.ts';
import type { Rule } from '../../config-file/rule.ts';
import type { CellSpec } from '../schema/cell-types.ts';

const limitsAreEnforced: Rule<CellSpec> = {
  severity: 'error',
  reads: ['tenants', 'fraud.byTenant'],
  *check({ tenants, fraud }) {
    if (fraud.byTenant) return;
    for (const [index, { name, outbound }] of tenants.entries()) {
      if (outbound === undefined) continue;
      yield {
        path: ['tenants', index, 'outbound'],
        message: `${name} has limits on calls to carriers, which the cell does not look at`,
        allowed: 'none, or fraud.byTenant: true',
      };
    }
  },
};

const limitsFitOneAnother: Rule<CellSpec> = {
  severity: 'error',
  reads: ['tenants'],
  *check({ tenants }) {
    for (const [index, { name, outbound, country }] of tenants.entries()) {
      if (outbound === undefined) continue;
      const path = ['tenants', index, 'outbound'];
      const { destinations, minutesPerDay, minutesPerDayOfUser, internationalCalls, internationalCallsOfUser } =
        outbound;
      for (const [place, prefix] of destinations.entries()) {
        if (destinations.indexOf(prefix) === place) continue;
        yield {
          path: [...path, 'destinations', place],
          message: `${name} names the prefix ${prefix} twice`,
          allowed: 'each prefix once',
        };
      }
      if (minutesPerDay !== undefined && minutesPerDayOfUser !== undefined && minutesPerDayOfUser > minutesPerDay) {
        yield {
          path: [...path, 'minutesPerDayOfUser'],
          message: `a user of ${name} may call for ${counted(minutesPerDayOfUser, 'minute')} a day, and all of them together for ${minutesPerDay}`,
          allowed: `at most ${minutesPerDay}`,
        };
      }
      if (
        internationalCalls !== undefined &&
        internationalCallsOfUser !== undefined &&
        internationalCallsOfUser > internationalCalls
      ) {
        yield {
          path: [...path, 'internationalCallsOfUser'],
          message: `a user of ${name} may have ${counted(internationalCallsOfUser, 'international call')}, and all of them together ${internationalCalls}`,
          allowed: `at most ${internationalCalls}`,
        };
      }
      if ((internationalCalls !== undefined || internationalCallsOfUser !== undefined) && country === undefined) {
        yield {
          path: ['tenants', index, 'country'],
          alsoAt: [path],
          message: `${name} has a cap on international calls and no country, so that nobody knows which calls are international`,
          allowed: 'a country',
        };
      }
    }
  },
};

export const outboundRules: readonly Rule<CellSpec>[] = [limitsAreEnforced, limitsFitOneAnother];
