/** Tenants, and what they share with the rest of the cell. Names, domains and numbers are compared over the whole fleet. */
import { counted } from '../../config-file/counted.ts';
import { suggestion } from '../../config-file/allowed.ts';
import { contains, parseRange } from '../range.ts';
import { callsWithOneHostLost } from '../relay-capacity.ts';
import type { Rule } from '../../config-file/rule.ts';
import type { CellSpec } from '../schema/cell-types.ts';

const tenantsFitTheCell: Rule<CellSpec> = {
  severity: 'error',
  reads: ['tenants', 'maxTenants', 'size'],
  *check({ tenants, maxTenants }) {
    if (tenants.length <= maxTenants) return;
    yield {
      path: ['tenants'],
      message: `${counted(tenants.length, 'tenant is', 'tenants are')} more than the cell takes`,
      allowed: `at most ${maxTenants} (maxTenants)`,
    };
  },
};

/** A failure hits everyone in the cell; that is what cells are for. */
const cellIsNotTooLarge: Rule<CellSpec> = {
  severity: 'warning',
  reads: ['maxTenants'],
  *check({ maxTenants }) {
    if (maxTenants <= 500) return;
    yield {
      path: ['maxTenants'],
      message: `${counted(maxTenants, 'tenant shares', 'tenants share')} the fate of this cell`,
      allowed: 'at most 500; more tenants want another cell',
    };
  },
};

const tiersHavePools: Rule<CellSpec> = {
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

const tenantTrunksExist: Rule<CellSpec> = {
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

const exchangesAreThere: Rule<CellSpec> = {
  severity: 'error',
  reads: ['tenants', 'sbc.transports'],
  *check({ tenants, sbc: { transports } }) {
    for (const [index, { name, dids, exchange, sources }] of tenants.entries()) {
      if (exchange === undefined) {
        for (const [number, target] of Object.entries(dids)) {
          if (target !== '@exchange') continue;
          yield {
            path: ['tenants', index, 'dids', number],
            message: `${name} has no exchange to which ${number} could go`,
            allowed: 'a user or a feature code, or an exchange under exchange',
          };
        }
        continue;
      }
      const { address, transport } = exchange;
      if (!sources.some((source) => contains(parseRange(source), parseRange(`${address}/32`)))) {
        yield {
          path: ['tenants', index, 'exchange', 'address'],
          message: `${name}’s exchange ${address} is not among its sources: its own calls would be a stranger’s`,
          allowed: `an address of a range under sources, for example with ${address}/32 there`,
        };
      }
      if (transports[transport] === 'off') {
        yield {
          path: ['tenants', index, 'exchange', 'transport'],
          alsoAt: [['tenants', index, 'exchange']],
          message: `${name}’s exchange uses ${transport}, which is off on the SBC`,
          allowed: `a transport that is on, or a port for sbc.transports.${transport}`,
        };
      }
    }
  },
};

const forwardsLeadElsewhere: Rule<CellSpec> = {
  severity: 'error',
  reads: ['tenants'],
  *check({ tenants }) {
    for (const [index, { name, forwards }] of tenants.entries()) {
      for (const [user, { always, busy, noAnswer, notRegistered }] of Object.entries(forwards)) {
        const path = ['tenants', index, 'forwards', user];
        const goals = Object.entries({ always, busy, noAnswer, notRegistered }).filter(
          ([, goal]) => goal !== undefined,
        );
        if (goals.length === 0) {
          yield {
            path,
            message: `${name} forwards no call of ${user}`,
            allowed: 'always, busy, noAnswer or notRegistered',
          };
        }
        for (const [when, goal] of goals) {
          if (goal !== user) continue;
          yield {
            path: [...path, when],
            message: `${user} is forwarded to itself`,
            allowed: 'somebody else, or voicemail',
          };
        }
      }
    }
  },
};

const codecsAreListedOnce: Rule<CellSpec> = {
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

const tenantLimitsFitTheCell: Rule<CellSpec> = {
  severity: 'warning',
  reads: ['tenants', 'media', 'sbc.setupsPerSecond'],
  *check({ tenants, media, sbc }) {
    for (const [index, { name, tier, limits }] of tenants.entries()) {
      const hosts = media.pools[tier]?.length;
      if (hosts !== undefined && limits.calls > hosts * media.relay.calls) {
        yield {
          path: ['tenants', index, 'limits', 'calls'],
          message: `${name} may have ${counted(limits.calls, 'call')}; the media hosts of ${tier} carry ${hosts * media.relay.calls}`,
          allowed: `at most ${hosts * media.relay.calls}`,
        };
      }
      if (limits.callsPerSecond > sbc.setupsPerSecond) {
        yield {
          path: ['tenants', index, 'limits', 'callsPerSecond'],
          message: `${name} may set up ${counted(limits.callsPerSecond, 'call')} a second; the cell takes ${sbc.setupsPerSecond}`,
          allowed: `at most ${sbc.setupsPerSecond}`,
        };
      }
    }
  },
};

/** Any host with room must be able to take a guaranteed call; otherwise other tenants could fill the few that may. */
const guaranteesHold: Rule<CellSpec> = {
  severity: 'error',
  reads: ['tenants', 'media'],
  *check(cell) {
    const { tenants, media } = cell;
    const guaranteed = tenants.reduce((sum, { limits }) => sum + limits.guaranteedCalls, 0);
    const room = callsWithOneHostLost(cell);
    if (guaranteed > room) {
      yield {
        path: ['tenants'],
        message: `${counted(guaranteed, 'call is', 'calls are')} guaranteed to tenants; with one media host lost the cell relays ${room}`,
        allowed: `at most ${room} in all: (media.hosts - 1) x media.relay.calls`,
      };
    }
    for (const [index, { name, tier, limits }] of tenants.entries()) {
      if (limits.guaranteedCalls === 0) continue;
      const path = ['tenants', index, 'limits', 'guaranteedCalls'];
      if (limits.guaranteedCalls > limits.calls) {
        yield {
          path,
          message: `${name} is guaranteed ${counted(limits.guaranteedCalls, 'call')} and may have ${limits.calls}`,
          allowed: `at most ${limits.calls} (calls)`,
        };
      }
      const hosts = new Set(media.pools[tier]).size;
      if (media.pools[tier] !== undefined && hosts < media.hosts) {
        yield {
          path,
          message: `${name} has the tier ${tier}, which ${hosts} of ${counted(media.hosts, 'media host')} serve: others may fill these`,
          allowed: 'a guarantee where every media host is in the pool of the tier',
        };
      }
    }
  },
};

const retiredCellIsEmpty: Rule<CellSpec> = {
  severity: 'warning',
  reads: ['tenants', 'state'],
  *check({ tenants, state }) {
    if (state !== 'retired' || tenants.length === 0) return;
    yield {
      path: ['tenants'],
      message: `the cell is retired and still names ${counted(tenants.length, 'tenant')}`,
      allowed: 'no tenants in a retired cell',
    };
  },
};

export const tenantRules: readonly Rule<CellSpec>[] = [
  tenantsFitTheCell,
  cellIsNotTooLarge,
  tiersHavePools,
  tenantTrunksExist,
  exchangesAreThere,
  forwardsLeadElsewhere,
  codecsAreListedOnce,
  tenantLimitsFitTheCell,
  guaranteesHold,
  retiredCellIsEmpty,
];
