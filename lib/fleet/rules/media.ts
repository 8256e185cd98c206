/** Media hosts: pools, FreeSWITCH beside the relay. */
import { counted } from '../../config-file/counted.ts';
import type { Rule } from '../../config-file/rule.ts';
import type { CellSpec } from '../schema/cell-types.ts';

/** Tiers that every cell serves, because a tenant of any cell may have them. */
const requiredTiers = ['standard', 'high-volume'];

const requiredPoolsExist: Rule<CellSpec> = {
  severity: 'error',
  reads: ['media.pools'],
  *check({ media }) {
    for (const tier of requiredTiers) {
      if (media.pools[tier] !== undefined) continue;
      yield {
        path: ['media', 'pools'],
        message: `there is no pool for the tier ${tier}`,
        allowed: `at least the pools ${requiredTiers.join(' and ')}`,
      };
    }
  },
};

const poolsNameExistingHosts: Rule<CellSpec> = {
  severity: 'error',
  reads: ['media.pools', 'media.hosts'],
  *check({ media }) {
    for (const [pool, hosts] of Object.entries(media.pools)) {
      for (const [index, host] of hosts.entries()) {
        const path = ['media', 'pools', pool, index];
        if (host > media.hosts) {
          yield {
            path,
            message: `host ${host} is not there: the cell has ${counted(media.hosts, 'media host')}`,
            allowed: `1 to ${media.hosts}`,
          };
        }
        if (hosts.indexOf(host) !== index) {
          yield { path, message: `host ${host} is given twice`, allowed: 'each host once in a pool' };
        }
      }
    }
  },
};

const everyHostServesAPool: Rule<CellSpec> = {
  severity: 'warning',
  reads: ['media.pools', 'media.hosts'],
  *check({ media }) {
    const serving = new Set(Object.values(media.pools).flat());
    for (let host = 1; host <= media.hosts; host++) {
      if (serving.has(host)) continue;
      yield {
        path: ['media', 'pools'],
        alsoAt: [['media', 'hosts']],
        message: `media host ${host} is in no pool and gets no calls`,
        allowed: 'every host in a pool',
      };
    }
  },
};

/** A call to a feature passes the relay too, so the relay's limit is FreeSWITCH's limit. */
const sessionsFitTheRelay: Rule<CellSpec> = {
  severity: 'warning',
  reads: ['media.relay.calls', 'media.freeswitch.sessions'],
  *check({ media: { relay, freeswitch } }) {
    if (freeswitch.sessions <= relay.calls) return;
    yield {
      path: ['media', 'freeswitch', 'sessions'],
      alsoAt: [['media', 'relay', 'calls']],
      message: `${counted(freeswitch.sessions, 'session')} can't be reached with ${counted(relay.calls, 'relayed call')}`,
      allowed: `at most media.relay.calls (${relay.calls})`,
    };
  },
};

export const mediaRules: readonly Rule<CellSpec>[] = [
  requiredPoolsExist,
  poolsNameExistingHosts,
  everyHostServesAPool,
  sessionsFitTheRelay,
];
