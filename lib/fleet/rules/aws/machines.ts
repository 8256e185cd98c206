/** Instance types, database and Redis classes and versions, and whether they carry what is asked of them. */
import { counted } from '../../../config-file/counted.ts';
import { listWords, suggestion } from '../../../config-file/allowed.ts';
import type { CellSpec } from '../../schema/cell-types.ts';
import type { Path } from '../../../config-file/finding.ts';
import type { FrontSpec } from '../../schema/front-types.ts';
import { relayedCallGbps, relayedCallPackets } from '../../relay-capacity.ts';
import {
  findInstance,
  internetGbps,
  knownInstanceTypes,
  measuredPacketsPerGbps,
} from '../../schema/targets/aws-instances.ts';
import type { OnAws } from '../../schema/targets/on-aws.ts';
import type { Rule } from '../../../config-file/rule.ts';

const hostTypes = ({ aws }: OnAws<CellSpec>): readonly (readonly [Path, string])[] => [
  [['aws', 'sbc', 'instanceType'], aws.sbc.instanceType],
  [['aws', 'media', 'instanceType'], aws.media.instanceType],
];
const typeKeys = ['aws.sbc.instanceType', 'aws.media.instanceType'];

const size = '(nano|micro|small|medium|x?large|\\d+xlarge|metal(-\\d+xl)?)';
const instanceForm = new RegExp(`^[a-z]+\\d[a-z0-9-]*\\.${size}$`);
/** The letter g after the generation's number stands for Graviton: c7g, t4g, m6gd, c6gn. */
const armForm = /^[a-z]+\d+g/;

/** Rules over the EC2 types that a spec names. */
function instanceRules<Spec>(
  types: (spec: Spec) => readonly (readonly [Path, string])[],
  reads: readonly string[],
): readonly Rule<Spec>[] {
  const exist: Rule<Spec> = {
    severity: 'error',
    reads,
    *check(spec) {
      for (const [path, type] of types(spec)) {
        if (instanceForm.test(type)) continue;
        yield {
          path,
          message: `${type} is not an instance type${suggestion(type, knownInstanceTypes)}`,
          allowed: 'an EC2 type, for example c6i.xlarge',
        };
      }
    },
  };
  const areKnown: Rule<Spec> = {
    severity: 'warning',
    reads,
    *check(spec) {
      for (const [path, type] of types(spec)) {
        if (!instanceForm.test(type) || armForm.test(type) || findInstance(type) !== undefined) continue;
        yield {
          path,
          message: `the limits of ${type} are not known here, so they are not checked${suggestion(type, knownInstanceTypes)}`,
          allowed: 'any EC2 type that the region has',
        };
      }
    },
  };
  const runTheSoftware: Rule<Spec> = {
    severity: 'error',
    reads,
    *check(spec) {
      for (const [path, type] of types(spec)) {
        if (!armForm.test(type)) continue;
        yield {
          path,
          message: `${type} has an ARM processor, and the hosts are set up for amd64`,
          allowed: `an x86 type, for example ${type.replace(/^([a-z]+\d+)g/, '$1i')}`,
        };
      }
    },
  };
  return [exist, areKnown, runTheSoftware];
}

const busyHostsAreNotBurstable: Rule<OnAws<CellSpec>> = {
  severity: 'warning',
  reads: [...typeKeys, 'size'],
  *check(spec) {
    if (spec.size === 'test') return;
    for (const [path, type] of hostTypes(spec)) {
      if (findInstance(type)?.burstable !== true) continue;
      yield {
        path,
        message: `${type} slows down when its processor credits are used up`,
        allowed: 'a type without credits (c, m) in a cell that is not for tests',
      };
    }
  },
};

const relayFitsTheBandwidth: Rule<OnAws<CellSpec>> = {
  severity: 'error',
  reads: ['aws.media.instanceType', 'media.relay.calls'],
  *check({ aws, media }) {
    const instance = findInstance(aws.media.instanceType);
    if (instance === undefined) return;
    const needed = media.relay.calls * relayedCallGbps;
    const held = internetGbps(instance);
    if (needed <= held) return;
    yield {
      path: ['media', 'relay', 'calls'],
      alsoAt: [['aws', 'media', 'instanceType']],
      message: `${media.relay.calls} G.711 calls are ${needed.toFixed(2)} Gb/s each way; ${aws.media.instanceType} holds ${held} Gb/s`,
      allowed: `at most ${counted(Math.floor(held / relayedCallGbps), 'call')} a host, or a larger type`,
    };
  },
};

const relayFitsThePackets: Rule<OnAws<CellSpec>> = {
  severity: 'warning',
  reads: ['aws.media.instanceType', 'media.relay.calls'],
  *check({ aws, media }) {
    const instance = findInstance(aws.media.instanceType);
    if (instance === undefined || instance.burstable) return;
    const needed = media.relay.calls * relayedCallPackets;
    const likely = Number((instance.baselineGbps * measuredPacketsPerGbps).toPrecision(2));
    if (needed <= likely) return;
    yield {
      path: ['media', 'relay', 'calls'],
      alsoAt: [['aws', 'media', 'instanceType']],
      message: `${counted(media.relay.calls, 'call is', 'calls are')} ${needed} packets/s; AWS publishes no limit for ${aws.media.instanceType}, about ${likely} are likely`,
      allowed: `at most about ${counted(Math.floor(likely / relayedCallPackets), 'call')} a host until you have measured more`,
    };
  },
};

const sharedMemoryFits: Rule<OnAws<CellSpec>> = {
  severity: 'error',
  reads: ['aws.sbc.instanceType', 'sbc.sharedMemoryMiB'],
  *check({ aws, sbc }) {
    const memory = findInstance(aws.sbc.instanceType)?.memoryMiB;
    // A quarter is left for the system, the processes' own memory and TCP buffers.
    if (memory === undefined || sbc.sharedMemoryMiB <= memory * 0.75) return;
    yield {
      path: ['sbc', 'sharedMemoryMiB'],
      alsoAt: [['aws', 'sbc', 'instanceType']],
      message: `${sbc.sharedMemoryMiB} MiB do not fit into ${aws.sbc.instanceType}, which has ${memory} MiB`,
      allowed: `at most ${Math.floor(memory * 0.75)} MiB (three quarters)`,
    };
  },
};

/**
 * Relayed calls that one core carries in user space: 3,000 calls took 6.5 cores of 8
 * (https://github.com/sipwise/rtpengine/issues/128, 2015).
 */
const userspaceCallsPerCore = 460;

const relayFitsUserspace: Rule<OnAws<CellSpec>> = {
  severity: 'warning',
  reads: ['media.relay.calls', 'media.kernelForwarding', 'aws.media.instanceType'],
  *check({ aws, media }) {
    const cores = findInstance(aws.media.instanceType)?.vcpus;
    if (media.kernelForwarding === 'required' || cores === undefined) return;
    const calls = cores * userspaceCallsPerCore;
    if (media.relay.calls <= calls) return;
    yield {
      path: ['media', 'kernelForwarding'],
      alsoAt: [['media', 'relay', 'calls']],
      message: `${media.kernelForwarding} lets ${counted(media.relay.calls, 'call')} pass through user space on ${counted(cores, 'core')}`,
      allowed: `required, or at most about ${counted(calls, 'call')} (${userspaceCallsPerCore} a core were measured; measure yours)`,
    };
  },
};

const givenImageHasFreeswitch: Rule<OnAws<CellSpec>> = {
  severity: 'error',
  reads: ['media.freeswitch.install', 'aws.image'],
  *check({ media: { freeswitch }, aws: { image } }) {
    if (freeswitch.install !== 'image' || image !== undefined) return;
    yield {
      path: ['media', 'freeswitch', 'install'],
      message: 'image takes FreeSWITCH from the machine image, but none is given, and Debian’s has no FreeSWITCH',
      allowed: 'signalwire, or aws.image (ami-…) that has FreeSWITCH',
    };
  },
};

/** https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Concepts.DBInstanceClass.Types.html: no m classes in Aurora. */
const databaseForm = new RegExp(`^db\\.(t|r|x)\\d[a-z]*\\.${size}(\\.tpc\\d\\.mem\\dx)?$`);
const redisForm = new RegExp(`^cache\\.[a-z]+\\d[a-z]*\\.${size}$`);

const dataClassesExist: Rule<OnAws<CellSpec>> = {
  severity: 'error',
  reads: ['aws.database.instanceClass', 'aws.redis.nodeType'],
  *check({ aws: { database, redis } }) {
    if (!databaseForm.test(database.instanceClass)) {
      yield {
        path: ['aws', 'database', 'instanceClass'],
        message: `${database.instanceClass} is not an instance class of Aurora PostgreSQL`,
        allowed: 'db.t…, db.r… or db.x… with a size, for example db.r6g.large',
      };
    }
    if (!redisForm.test(redis.nodeType)) {
      yield {
        path: ['aws', 'redis', 'nodeType'],
        message: `${redis.nodeType} is not a node type of ElastiCache`,
        allowed: 'cache. with a family and a size, for example cache.m6g.large',
      };
    }
  },
};

/** Major versions in the release calendar of Aurora PostgreSQL, 2025. */
const databaseMajors = ['13', '14', '15', '16', '17'];

const databaseVersionIsKnown: Rule<OnAws<CellSpec>> = {
  severity: 'warning',
  reads: ['aws.database.version'],
  *check({ aws: { database } }) {
    if (databaseMajors.includes(database.version.split('.')[0]!)) return;
    yield {
      path: ['aws', 'database', 'version'],
      message: `PostgreSQL ${database.version} is none of the versions of Aurora known here`,
      allowed: `a version of ${listWords(databaseMajors)}, for example 15.10`,
    };
  },
};

/** https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/supported-engine-versions.html (Redis OSS ends with 7.1). */
const redisVersions = ['6.0', '6.2', '7.0', '7.1'];

const redisVersionIsOffered: Rule<OnAws<CellSpec>> = {
  severity: 'error',
  reads: ['aws.redis.version'],
  *check({ aws: { redis } }) {
    if (redisVersions.includes(redis.version)) return;
    yield {
      path: ['aws', 'redis', 'version'],
      message: `ElastiCache has no Redis ${redis.version} with TLS and replicas`,
      allowed: listWords(redisVersions),
    };
  },
};

export const machineRules: readonly Rule<OnAws<CellSpec>>[] = [
  ...instanceRules(hostTypes, typeKeys),
  busyHostsAreNotBurstable,
  relayFitsTheBandwidth,
  relayFitsThePackets,
  relayFitsUserspace,
  sharedMemoryFits,
  givenImageHasFreeswitch,
  dataClassesExist,
  databaseVersionIsKnown,
  redisVersionIsOffered,
];

export const edgeMachineRules: readonly Rule<OnAws<FrontSpec>>[] = instanceRules(
  ({ aws }) => [[['aws', 'edge', 'instanceType'], aws.edge.instanceType]],
  ['aws.edge.instanceType'],
);
