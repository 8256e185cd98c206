/** Media hosts: pools, FreeSWITCH beside the relay, forwarding. */
import type { Rule } from './rule.ts';
import { findInstance } from '../instances.ts';

/** Tiers that every cell serves, because a tenant of any cell may have them. */
const requiredTiers = ['standard', 'high-volume'];

const requiredPoolsExist: Rule = {
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

const poolsNameExistingHosts: Rule = {
  severity: 'error',
  reads: ['media.pools', 'media.hosts'],
  *check({ media }) {
    for (const [pool, hosts] of Object.entries(media.pools)) {
      for (const [index, host] of hosts.entries()) {
        const path = ['media', 'pools', pool, index];
        if (host > media.hosts) {
          yield {
            path,
            message: `host ${host} is not there: the cell has ${media.hosts} media hosts`,
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

const everyHostServesAPool: Rule = {
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
const sessionsFitTheRelay: Rule = {
  severity: 'warning',
  reads: ['media.relay.calls', 'media.freeswitch.sessions'],
  *check({ media: { relay, freeswitch } }) {
    if (freeswitch.sessions <= relay.calls) return;
    yield {
      path: ['media', 'freeswitch', 'sessions'],
      alsoAt: [['media', 'relay', 'calls']],
      message: `${freeswitch.sessions} sessions can't be reached with ${relay.calls} relayed calls`,
      allowed: `at most media.relay.calls (${relay.calls})`,
    };
  },
};

/**
 * Relayed calls that one core carries in user space: 3,000 calls took 6.5 cores of 8
 * (https://github.com/sipwise/rtpengine/issues/128, 2015).
 */
const userspaceCallsPerCore = 460;

const relayFitsUserspace: Rule = {
  severity: 'warning',
  reads: ['media.relay.calls', 'media.kernelForwarding', 'media.instanceType'],
  *check({ media }) {
    const cores = findInstance(media.instanceType)?.vcpus;
    if (media.kernelForwarding === 'required' || cores === undefined) return;
    const calls = cores * userspaceCallsPerCore;
    if (media.relay.calls <= calls) return;
    yield {
      path: ['media', 'kernelForwarding'],
      alsoAt: [['media', 'relay', 'calls']],
      message: `${media.kernelForwarding} lets ${media.relay.calls} calls pass through user space on ${cores} cores`,
      allowed: `required, or at most about ${calls} calls (${userspaceCallsPerCore} a core were measured; measure yours)`,
    };
  },
};

const givenImageHasFreeswitch: Rule = {
  severity: 'error',
  reads: ['media.freeswitch.install', 'image'],
  *check({ media: { freeswitch }, image }) {
    if (freeswitch.install !== 'image' || image !== undefined) return;
    yield {
      path: ['media', 'freeswitch', 'install'],
      message: 'image takes FreeSWITCH from the machine image, but none is given, and Debian’s has no FreeSWITCH',
      allowed: 'signalwire, or an image (ami-…) that has FreeSWITCH',
    };
  },
};

export const mediaRules: readonly Rule[] = [
  requiredPoolsExist,
  poolsNameExistingHosts,
  everyHostServesAPool,
  sessionsFitTheRelay,
  relayFitsUserspace,
  givenImageHasFreeswitch,
];
