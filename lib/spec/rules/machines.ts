/** Instance types, database and Redis classes and versions, and whether the machines carry what is asked of them. */
import { listWords, suggestion } from '../allowed.ts';
import { connectionBytes } from '../fixed.ts';
import type { CellSpec } from '../cell-types.ts';
import {
  findInstance,
  internetGbps,
  knownInstanceTypes,
  measuredPacketsPerGbps,
  relayedCallGbps,
  relayedCallPackets,
} from '../instances.ts';
import type { Connections } from '../fields.ts';
import type { Path } from '../finding.ts';
import type { FrontSpec } from '../front-types.ts';
import type { Rule } from './rule.ts';

const hostTypes = (spec: CellSpec): readonly (readonly [Path, string])[] => [
  [['sbc', 'instanceType'], spec.sbc.instanceType],
  [['media', 'instanceType'], spec.media.instanceType],
];
const typeKeys = ['sbc.instanceType', 'media.instanceType'];

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
          message: `${type} is no instance type${suggestion(type, knownInstanceTypes)}`,
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

const busyHostsAreNotBurstable: Rule = {
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

const relayFitsTheBandwidth: Rule = {
  severity: 'error',
  reads: ['media.instanceType', 'media.relay.calls'],
  *check({ media }) {
    const instance = findInstance(media.instanceType);
    if (instance === undefined) return;
    const needed = media.relay.calls * relayedCallGbps;
    const held = internetGbps(instance);
    if (needed <= held) return;
    yield {
      path: ['media', 'relay', 'calls'],
      alsoAt: [['media', 'instanceType']],
      message: `${media.relay.calls} G.711 calls are ${needed.toFixed(2)} Gb/s each way; ${media.instanceType} holds ${held} Gb/s`,
      allowed: `at most ${Math.floor(held / relayedCallGbps)} calls a host, or a larger type`,
    };
  },
};

const relayFitsThePackets: Rule = {
  severity: 'warning',
  reads: ['media.instanceType', 'media.relay.calls'],
  *check({ media }) {
    const instance = findInstance(media.instanceType);
    if (instance === undefined || instance.burstable) return;
    const needed = media.relay.calls * relayedCallPackets;
    const likely = Number((instance.baselineGbps * measuredPacketsPerGbps).toPrecision(2));
    if (needed <= likely) return;
    yield {
      path: ['media', 'relay', 'calls'],
      alsoAt: [['media', 'instanceType']],
      message: `${media.relay.calls} calls are ${needed} packets/s; AWS publishes no limit for ${media.instanceType}, about ${likely} are likely`,
      allowed: `at most about ${Math.floor(likely / relayedCallPackets)} calls a host until you have measured more`,
    };
  },
};

const sharedMemoryFits: Rule = {
  severity: 'error',
  reads: ['sbc.instanceType', 'sbc.sharedMemoryMiB'],
  *check({ sbc }) {
    const memory = findInstance(sbc.instanceType)?.memoryMiB;
    // A quarter is left for the system, the processes' own memory and TCP buffers.
    if (memory === undefined || sbc.sharedMemoryMiB <= memory * 0.75) return;
    yield {
      path: ['sbc', 'sharedMemoryMiB'],
      alsoAt: [['sbc', 'instanceType']],
      message: `${sbc.sharedMemoryMiB} MiB do not fit into ${sbc.instanceType}, which has ${memory} MiB`,
      allowed: `at most ${Math.floor(memory * 0.75)} MiB (three quarters)`,
    };
  },
};

/** A quarter is left for tables, calls and registrations. */
const connectionsFitTheSharedMemory: Rule = {
  severity: 'error',
  reads: ['sbc.connections.total', 'sbc.sharedMemoryMiB'],
  *check({ sbc }) {
    const needed = Math.ceil((sbc.connections.total * connectionBytes) / 2 ** 20);
    if (needed <= 0.75 * sbc.sharedMemoryMiB) return;
    yield {
      path: ['sbc', 'connections', 'total'],
      alsoAt: [['sbc', 'sharedMemoryMiB']],
      message: `${sbc.connections.total} connections over TLS take ${needed} MiB; Kamailio has ${sbc.sharedMemoryMiB} MiB`,
      allowed: `at most ${Math.floor((0.75 * sbc.sharedMemoryMiB * 2 ** 20) / connectionBytes)} connections, or sharedMemoryMiB: ${Math.ceil(needed / 0.75)}`,
    };
  },
};

function noSourceTakesAllConnections<Spec>(where: string, of: (spec: Spec) => Connections): Rule<Spec> {
  return {
    severity: 'error',
    reads: [`${where}.connections`],
    *check(spec) {
      const { perSource, total } = of(spec);
      if (perSource <= total / 2) return;
      yield {
        path: [where, 'connections', 'perSource'],
        alsoAt: [[where, 'connections', 'total']],
        message: `one source may hold ${perSource} of ${total} connections: two would keep everybody else away`,
        allowed: `at most ${Math.floor(total / 2)} (a half)`,
      };
    },
  };
}

/**
 * Call set-ups a second on the full path with rtpengine in the only vendor-neutral report. What a given machine does, only a
 * measurement says.
 */
const reportedSetupsPerSecond = 300;

const setupsAreReported: Rule = {
  severity: 'warning',
  reads: ['sbc.setupsPerSecond'],
  *check({ sbc }) {
    if (sbc.setupsPerSecond <= reportedSetupsPerSecond) return;
    yield {
      path: ['sbc', 'setupsPerSecond'],
      message: `${sbc.setupsPerSecond} call set-ups a second are more than was ever reported for one SBC with media relay`,
      allowed: `at most ${reportedSetupsPerSecond} until you have measured more on ${sbc.instanceType}`,
    };
  },
};

/** https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Concepts.DBInstanceClass.Types.html: no m classes in Aurora. */
const databaseForm = new RegExp(`^db\\.(t|r|x)\\d[a-z]*\\.${size}(\\.tpc\\d\\.mem\\dx)?$`);
const redisForm = new RegExp(`^cache\\.[a-z]+\\d[a-z]*\\.${size}$`);

const dataClassesExist: Rule = {
  severity: 'error',
  reads: ['database.instanceClass', 'redis.nodeType'],
  *check({ database, redis }) {
    if (!databaseForm.test(database.instanceClass)) {
      yield {
        path: ['database', 'instanceClass'],
        message: `${database.instanceClass} is no class of Aurora PostgreSQL`,
        allowed: 'db.t…, db.r… or db.x… with a size, for example db.r6g.large',
      };
    }
    if (!redisForm.test(redis.nodeType)) {
      yield {
        path: ['redis', 'nodeType'],
        message: `${redis.nodeType} is no node type of ElastiCache`,
        allowed: 'cache. with a family and a size, for example cache.m6g.large',
      };
    }
  },
};

/** Major versions in the release calendar of Aurora PostgreSQL, 2025. */
const databaseMajors = ['13', '14', '15', '16', '17'];

const databaseVersionIsKnown: Rule = {
  severity: 'warning',
  reads: ['database.version'],
  *check({ database }) {
    if (databaseMajors.includes(database.version.split('.')[0]!)) return;
    yield {
      path: ['database', 'version'],
      message: `PostgreSQL ${database.version} is none of the versions of Aurora known here`,
      allowed: `a version of ${listWords(databaseMajors)}, for example 15.10`,
    };
  },
};

/** https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/supported-engine-versions.html (Redis OSS ends with 7.1). */
const redisVersions = ['6.0', '6.2', '7.0', '7.1'];

const redisVersionIsOffered: Rule = {
  severity: 'error',
  reads: ['redis.version'],
  *check({ redis }) {
    if (redisVersions.includes(redis.version)) return;
    yield {
      path: ['redis', 'version'],
      message: `ElastiCache has no Redis ${redis.version} with TLS and replicas`,
      allowed: listWords(redisVersions),
    };
  },
};

export const machineRules: readonly Rule[] = [
  ...instanceRules(hostTypes, typeKeys),
  busyHostsAreNotBurstable,
  relayFitsTheBandwidth,
  relayFitsThePackets,
  sharedMemoryFits,
  connectionsFitTheSharedMemory,
  noSourceTakesAllConnections<CellSpec>('sbc', ({ sbc }) => sbc.connections),
  setupsAreReported,
  dataClassesExist,
  databaseVersionIsKnown,
  redisVersionIsOffered,
];

export const edgeMachineRules: readonly Rule<FrontSpec>[] = [
  ...instanceRules<FrontSpec>(({ edge }) => [[['edge', 'instanceType'], edge.instanceType]], ['edge.instanceType']),
  noSourceTakesAllConnections<FrontSpec>('edge', ({ edge }) => edge.connections),
];
