import { counted } from '../config-file/counted.ts';
import { connectionBytes } from '../fleet/schema/fixed.ts';
import type { CellSpec } from '../fleet/schema/cell.ts';
import { relayedCallGbps, relayedCallPackets } from '../fleet/relay-capacity.ts';
import { findInstance, internetGbps, type Instance } from '../fleet/schema/targets/aws-instances.ts';
import { COMPONENT_FIGURES, type ComponentFigures } from './component-figures.ts';
import type { Constraint } from './constraint.ts';
import { limitName, type CellLimits } from './shared-limits.ts';
import { poolLimits } from './pool-limits.ts';
import { RESOURCES, type Resource } from './resources.ts';
import { databaseConstraint, redisConstraint, storeUnknowns } from './store-capacity.ts';

/** What one part of a cell carries, and which of its constraints decides. */
export interface ResourceCapacity {
  readonly resource: Resource;
  /** What the cell carries with the hosts lost that it must be able to lose. */
  readonly limit: number;
  readonly binding: Constraint;
  /** Hosts that share the load after the loss; 1 for what is not spread over hosts. */
  readonly hosts: number;
  /** All constraints, the tightest first. */
  readonly constraints: readonly Constraint[];
}

export interface CellCapacity {
  readonly resources: Readonly<Record<Resource, ResourceCapacity>>;
  /** For placement: every pool and union of pools, after the loss of a media host. */
  readonly limits: CellLimits;
  /** What could not be taken into account, and why. */
  readonly unknown: readonly string[];
}

export interface CapacityOptions {
  /** @default COMPONENT_FIGURES */
  readonly figures?: ComponentFigures;
  /**
   * Media hosts of every pool that may be lost without a call being refused. The second SBC never counts: it is
   * standby.
   * @default 1
   */
  readonly lostMediaHosts?: number;
}

/** What relaying this many calls takes, wherever they are relayed. */
export function relayArithmetic(
  calls: number,
  rtcpMux: boolean,
): { packetsPerSecond: number; gbpsEachWay: number; ports: number } {
  return {
    packetsPerSecond: calls * relayedCallPackets,
    gbpsEachWay: calls * relayedCallGbps,
    ports: calls * portsPerCall(rtcpMux),
  };
}

const portsPerCall = (rtcpMux: boolean): number => (rtcpMux ? 2 : 4);

const round = (value: number): number => Number(value.toPrecision(6));
const portCount = ({ from, to }: { from: number; to: number }): number => to - from + 1;

/**
 * The limit of a cell in every resource, with one media host of every pool and one SBC lost, and all that limits it.
 *
 * @throws RangeError for a negative or broken number of lost hosts
 * @example cellCapacity(parseCell({ name: 'euw1-a', region: 'eu-west-1', aws: {} })).resources.relayedCalls.limit // 7500
 */
export function cellCapacity(spec: CellSpec, options: CapacityOptions = {}): CellCapacity {
  const { figures = COMPONENT_FIGURES, lostMediaHosts = 1 } = options;
  if (!Number.isInteger(lostMediaHosts) || lostMediaHosts < 0) {
    throw new RangeError(`lostMediaHosts must be a whole number >= 0, got ${lostMediaHosts}`);
  }
  const perPart: Readonly<Record<Resource, readonly Constraint[]>> = {
    ...sbcConstraints(spec, figures),
    ...mediaConstraints(spec, figures),
    recordEvents: [redisConstraint(spec, figures)],
    databaseWrites: [databaseConstraint(spec, figures)],
  };
  const left = Math.max(0, spec.media.hosts - lostMediaHosts);
  const resources = Object.fromEntries(
    RESOURCES.map((resource): [Resource, ResourceCapacity] => {
      const constraints = [...perPart[resource]].sort((a, b) => a.limit - b.limit);
      const hosts = resource === 'relayedCalls' || resource === 'mediaSessions' ? left : 1;
      const binding = constraints[0]!;
      return [resource, { resource, limit: hosts * binding.limit, binding, hosts, constraints }];
    }),
  ) as Record<Resource, ResourceCapacity>;
  const perHost = {
    relayedCalls: resources.relayedCalls.binding.limit,
    mediaSessions: resources.mediaSessions.binding.limit,
  };
  const wholeCell = (['setups', 'registrations', 'recordEvents', 'databaseWrites'] as const).map((resource) => ({
    resource,
    pools: 'all' as const,
    limit: resources[resource].limit,
  }));
  return {
    resources,
    limits: {
      sharedLimits: [...wholeCell, ...poolLimits(spec.media.pools, perHost, lostMediaHosts)],
      maxTenants: spec.maxTenants,
    },
    unknown: unknowns(spec, figures),
  };
}

/** The arithmetic as text, a line a constraint, the deciding one of each resource first and marked. */
export function capacityLines(capacity: CellCapacity): string[] {
  const lines = RESOURCES.flatMap((resource) => {
    const { limit, hosts, binding, constraints } = capacity.resources[resource];
    const spread = hosts === 1 ? '' : ` (${counted(hosts, 'host')} left x ${round(binding.limit)})`;
    return [
      `${resource}: ${round(limit)}${spread}, bound by ${binding.because} of ${binding.of}`,
      ...constraints.map(
        (one) =>
          `  ${one === binding ? '*' : ' '} ${one.because}, ${one.of}: ${round(one.limit)} = ${one.arithmetic} [${one.source}]`,
      ),
    ];
  });
  const pools = capacity.limits.sharedLimits
    .filter((sharedLimit) => sharedLimit.pools !== 'all')
    .map((sharedLimit) => `${limitName(sharedLimit)}: ${round(sharedLimit.limit)}`);
  return [
    ...lines,
    ...pools,
    `tenants: ${capacity.limits.maxTenants}`,
    ...capacity.unknown.map((text) => `unknown: ${text}`),
  ];
}

const fromSpec = 'the spec of the cell';

function sbcConstraints(
  { sbc }: CellSpec,
  figures: ComponentFigures,
): Record<'setups' | 'registrations', Constraint[]> {
  const setups = figures.sbcSetups.value!;
  const refresh = figures.registrationRefreshSeconds.value!;
  const perSetup = figures.registersPerSetup.value!;
  const bytes = figures.registrationBytes.value!;
  const share = figures.registrationMemoryShare.value!;
  const forRegister = figures.registerProcessorShare.value!;
  const forConnections = Math.ceil((sbc.connections.total * connectionBytes) / 2 ** 20);
  const memory = sbc.sharedMemoryMiB - forConnections;
  const of = 'one SBC';
  return {
    setups: [
      {
        resource: 'setups',
        of,
        because: 'admitted set-ups',
        limit: sbc.setupsPerSecond,
        arithmetic: `sbc.setupsPerSecond ${sbc.setupsPerSecond}, one SBC active of two`,
        source: fromSpec,
      },
      {
        resource: 'setups',
        of,
        because: 'processor',
        limit: setups * (1 - forRegister),
        arithmetic: `${setups} set-ups/s x ${round(1 - forRegister)} of the processor`,
        source: `${figures.sbcSetups.source}; ${figures.registerProcessorShare.source}`,
      },
    ],
    registrations: [
      {
        resource: 'registrations',
        of,
        because: 'processor',
        limit: setups * forRegister * perSetup * refresh,
        arithmetic: `${setups} set-ups/s x ${round(forRegister)} of the processor x ${perSetup} REGISTER a set-up x every ${refresh} s`,
        source: `${figures.sbcSetups.source}; ${figures.registersPerSetup.source}`,
      },
      {
        resource: 'registrations',
        of,
        because: 'shared memory',
        limit: Math.floor((memory * 2 ** 20 * share) / bytes),
        arithmetic: `${sbc.sharedMemoryMiB} MiB less ${forConnections} for connections x ${share} / ${counted(bytes, 'byte')} a contact`,
        source: figures.registrationBytes.source,
      },
    ],
  };
}

function mediaConstraints(
  { aws, media }: CellSpec,
  figures: ComponentFigures,
): Record<'relayedCalls' | 'mediaSessions', Constraint[]> {
  const of = 'a media host';
  const type = aws?.media.instanceType;
  const instance = findInstance(type);
  const ports = portCount(media.relay.ports);
  const perCall = portsPerCall(media.rtcpMux);
  const relayedCalls: Constraint[] = [
    {
      resource: 'relayedCalls',
      of,
      because: 'admitted calls',
      limit: media.relay.calls,
      arithmetic: `media.relay.calls ${media.relay.calls}`,
      source: fromSpec,
    },
    {
      resource: 'relayedCalls',
      of,
      because: 'ports',
      limit: Math.floor(ports / perCall),
      arithmetic: `${ports} ports / ${perCall} ports a call`,
      source: fromSpec,
    },
    ...(instance === undefined ? [] : instanceConstraints({ ...instance, type: type! }, media, figures)),
  ];
  const own = figures.mediaHostPackets;
  if (own.value !== undefined) {
    relayedCalls.push(packets(own.value, `${own.value} packets/s`, own.source, figures));
  }
  const sessionPorts = portCount(media.freeswitch.ports);
  const mediaSessions: Constraint[] = [
    {
      resource: 'mediaSessions',
      of,
      because: 'admitted sessions',
      limit: media.freeswitch.sessions,
      arithmetic: `media.freeswitch.sessions ${media.freeswitch.sessions}`,
      source: fromSpec,
    },
    {
      resource: 'mediaSessions',
      of,
      because: 'ports',
      limit: Math.floor(sessionPorts / 2),
      arithmetic: `${sessionPorts} ports / 2 ports a session`,
      source: fromSpec,
    },
  ];
  if (instance !== undefined) {
    for (const name of ['freeswitchSessionsPerCore', 'transcodedSessionsPerCore'] as const) {
      const perCore = figures[name].value;
      if (perCore === undefined) continue;
      const cores = coresForWork(instance);
      mediaSessions.push({
        resource: 'mediaSessions',
        of,
        because: name === 'transcodedSessionsPerCore' ? 'processor, every session transcoded' : 'processor',
        limit: Math.floor(cores * perCore),
        arithmetic: `${counted(cores, 'core')} (one of ${instance.vcpus} kept for the system) x ${counted(perCore, 'session')}`,
        source: figures[name].source,
      });
    }
  }
  return { relayedCalls, mediaSessions };
}

/** One core is left for the system, signalling with the SBC and metrics; of two cores half a one. */
const coresForWork = ({ vcpus }: Instance): number => vcpus - Math.min(1, vcpus / 4);

function packets(limit: number, arithmetic: string, source: string, figures: ComponentFigures): Constraint {
  const perCall = figures.relayedCallPackets.value!;
  return {
    resource: 'relayedCalls',
    of: 'a media host',
    because: 'packets per second',
    limit: Math.floor(limit / perCall),
    arithmetic: `${arithmetic} / ${perCall} packets/s a call`,
    source,
  };
}

function instanceConstraints(
  instance: Instance & { readonly type: string },
  media: CellSpec['media'],
  figures: ComponentFigures,
): Constraint[] {
  const gbps = internetGbps(instance);
  const gbpsPerCall = figures.relayedCallGbps.value!;
  const inKernel = media.kernelForwarding === 'required';
  const relay = inKernel ? figures.kernelCallsPerCore : figures.userspaceCallsPerCore;
  const perSession = figures.freeswitchSessionsPerCore.value!;
  const cores = coresForWork(instance);
  const forRelay = Math.max(0, cores - media.freeswitch.sessions / perSession);
  const found: Constraint[] = [
    {
      resource: 'relayedCalls',
      of: 'a media host',
      because: 'bandwidth',
      limit: Math.floor(gbps / gbpsPerCall),
      arithmetic: `${gbps} Gb/s each way of ${instance.type} / ${round(gbpsPerCall * 1e6)} kb/s a call`,
      source: `docs.aws.amazon.com/ec2/latest/instancetypes; ${figures.relayedCallGbps.source}`,
    },
    {
      resource: 'relayedCalls',
      of: 'a media host',
      because: inKernel ? 'processor (kernel)' : 'processor (user space)',
      limit: Math.floor(forRelay * relay.value!),
      arithmetic: `(${counted(cores, 'core')} - ${counted(media.freeswitch.sessions, 'FreeSWITCH session')} / ${perSession} a core) x ${counted(relay.value!, 'call')}`,
      source: `${relay.source}; ${figures.freeswitchSessionsPerCore.source}`,
    },
  ];
  // Where the operator has measured packets, nothing is derived from bandwidth.
  if (figures.mediaHostPackets.value === undefined) {
    const perGbps = figures.packetsPerGbps.value!;
    const arithmetic = `${instance.baselineGbps} Gb/s of ${instance.type} x ${perGbps} packets/s`;
    found.push(packets(instance.baselineGbps * perGbps, arithmetic, figures.packetsPerGbps.source, figures));
  }
  return found;
}

function unknowns(spec: CellSpec, figures: ComponentFigures): string[] {
  const found = storeUnknowns(spec, figures);
  const type = spec.aws?.media.instanceType;
  if (type === undefined) {
    found.push('bandwidth, packets and processor of a media host: the cell names no machine; measure them');
  } else if (findInstance(type) === undefined) {
    found.push(`bandwidth, packets and processor of ${type}: not in the table of instance types`);
  }
  if (figures.transcodedSessionsPerCore.value === undefined) {
    found.push(`transcoded sessions: ${figures.transcodedSessionsPerCore.source}; measure it`);
  }
  return found;
}
