/** Tenants, and what they share with the rest of the cell. Names, domains and numbers are compared over the whole fleet. */
import { suggestion } from '../allowed.ts';
import { callsWithOneHostLost } from '../relay-capacity.ts';
import type { Rule } from './rule.ts';

const tenantsFitTheCell: Rule = {
  severity: 'error',
  reads: ['tenants', 'maxTenants', 'size'],
  *check({ tenants, maxTenants }) {
    if (tenants.length <= maxTenants) return;
    yield {
      path: ['tenants'],
      message: `${tenants.length} tenants are more than the cell takes`,
      allowed: `at most ${maxTenants} (maxTenants)`,
    };
  },
};

/** A failure hits everyone in the cell; that is what cells are for. */
const cellIsNotTooLarge: Rule = {
  severity: 'warning',
  reads: ['maxTenants'],
  *check({ maxTenants }) {
    if (maxTenants <= 500) return;
    yield {
      path: ['maxTenants'],
      message: `${maxTenants} tenants share the fate of this cell`,
      allowed: 'at most 500; more tenants want another cell',
    };
  },
};

const tiersHavePools: Rule = {
  severity: 'error',
  reads: ['tenants', 'media.pools'],
  *check({ tenants, media }) {
    const pools = Object.keys(media.pools);
    for (const [index, { name, tier }] of tenants.entries()) {
      if (pools.includes(tier)) continue;
      yield {
        path: ['tenants', index, 'tier'],
        alsoAt: [['tenants', index]],
        message: `${name} has the tier ${tier}, for which there is no media pool${suggestion(tier, pools)}`,
        allowed: pools.join(', '),
      };
    }
  },
};

const tenantTrunksExist: Rule = {
  severity: 'error',
  reads: ['tenants', 'trunks'],
  *check({ tenants, trunks }) {
    const known = trunks.map((trunk) => trunk.name);
    for (const [index, tenant] of tenants.entries()) {
      for (const [place, trunk] of tenant.trunks.entries()) {
        const path = ['tenants', index, 'trunks', place];
        if (!known.includes(trunk)) {
          yield {
            path,
            message: `${tenant.name} names the trunk ${trunk}, which is not there${suggestion(trunk, known)}`,
            allowed: known.length === 0 ? 'a trunk under trunks; there is none yet' : known.join(', '),
          };
        } else if (tenant.trunks.indexOf(trunk) !== place) {
          yield { path, message: `${tenant.name} names the trunk ${trunk} twice`, allowed: 'each trunk once' };
        }
      }
    }
  },
};

const codecsAreListedOnce: Rule = {
  severity: 'error',
  reads: ['tenants'],
  *check({ tenants }) {
    for (const [index, { codecs }] of tenants.entries()) {
      for (const [place, codec] of codecs.entries()) {
        if (codecs.indexOf(codec) === place) continue;
        yield {
          path: ['tenants', index, 'codecs', place],
          message: `${codec} is listed twice`,
          allowed: 'each codec once, in order of preference',
        };
      }
    }
  },
};

const tenantLimitsFitTheCell: Rule = {
  severity: 'warning',
  reads: ['tenants', 'media', 'sbc.setupsPerSecond'],
  *check({ tenants, media, sbc }) {
    for (const [index, { name, tier, limits }] of tenants.entries()) {
      const hosts = media.pools[tier]?.length;
      if (hosts !== undefined && limits.calls > hosts * media.relay.calls) {
        yield {
          path: ['tenants', index, 'limits', 'calls'],
          message: `${name} may have ${limits.calls} calls; the media hosts of ${tier} carry ${hosts * media.relay.calls}`,
          allowed: `at most ${hosts * media.relay.calls}`,
        };
      }
      if (limits.callsPerSecond > sbc.setupsPerSecond) {
        yield {
          path: ['tenants', index, 'limits', 'callsPerSecond'],
          message: `${name} may set up ${limits.callsPerSecond} calls a second; the cell takes ${sbc.setupsPerSecond}`,
          allowed: `at most ${sbc.setupsPerSecond}`,
        };
      }
    }
  },
};

/** Any host with room must be able to take a guaranteed call; otherwise other tenants could fill the few that may. */
const guaranteesHold: Rule = {
  severity: 'error',
  reads: ['tenants', 'media'],
  *check(cell) {
    const { tenants, media } = cell;
    const guaranteed = tenants.reduce((sum, { limits }) => sum + limits.guaranteedCalls, 0);
    const room = callsWithOneHostLost(cell);
    if (guaranteed > room) {
      yield {
        path: ['tenants'],
        message: `${guaranteed} calls are guaranteed to tenants; with one media host lost the cell relays ${room}`,
        allowed: `at most ${room} in all: (media.hosts - 1) x media.relay.calls`,
      };
    }
    for (const [index, { name, tier, limits }] of tenants.entries()) {
      if (limits.guaranteedCalls === 0) continue;
      const path = ['tenants', index, 'limits', 'guaranteedCalls'];
      if (limits.guaranteedCalls > limits.calls) {
        yield {
          path,
          message: `${name} is guaranteed ${limits.guaranteedCalls} calls and may have ${limits.calls}`,
          allowed: `at most ${limits.calls} (calls)`,
        };
      }
      const hosts = new Set(media.pools[tier]).size;
      if (media.pools[tier] !== undefined && hosts < media.hosts) {
        yield {
          path,
          message: `${name} has the tier ${tier}, which ${hosts} of ${media.hosts} media hosts serve: others may fill these`,
          allowed: 'a guarantee where every media host is in the pool of the tier',
        };
      }
    }
  },
};

const retiredCellIsEmpty: Rule = {
  severity: 'warning',
  reads: ['tenants', 'state'],
  *check({ tenants, state }) {
    if (state !== 'retired' || tenants.length === 0) return;
    yield {
      path: ['tenants'],
      message: `the cell is retired and still names ${tenants.length} tenant${tenants.length === 1 ? '' : 's'}`,
      allowed: 'no tenants in a retired cell',
    };
  },
};

export const tenantRules: readonly Rule[] = [
  tenantsFitTheCell,
  cellIsNotTooLarge,
  tiersHavePools,
  tenantTrunksExist,
  codecsAreListedOnce,
  tenantLimitsFitTheCell,
  guaranteesHold,
  retiredCellIsEmpty,
];
