/** Places real calls through a running cell and judges them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { AgentsProcess } from '../user-agent/agents-process.ts';
import type { AgentSpec, CallScenario } from '../user-agent/scenario.ts';
import type { Progress } from '../user-agent/load.ts';
import type { CellStatus } from '../targets/local/index.ts';
import type { FrontState } from '../targets/local/front/index.ts';
import type { ProcessId } from '../targets/local/processes.ts';
import { requireState } from '../targets/local/state.ts';
import type { CellSpec } from '../fleet/schema/cell.ts';
import { readCallRecords } from './call-records.ts';
import type { CallReport } from './call-report.ts';
import { CommandFailure } from './failure.ts';
import { unlessAborted } from './interrupt.ts';
import { judgedCalls } from './judged-calls.ts';
import { addSubscribers, outsideNumber, type Subscribers } from './test-subscribers.ts';

export const callKinds = ['registered', 'carrier-in', 'carrier-out', 'echo'] as const;
export type CallKind = (typeof callKinds)[number];

type Transport = 'udp' | 'tcp' | 'tls';

/** How callers get to the cell. */
interface Way {
  /** What whoever calls speaks. The carrier is known by its address, and is called over what the SBC speaks with it. */
  readonly transport: Transport;
  readonly carrierTransport: Transport;
  /** Where requests are sent, and the ports there. */
  readonly address: string;
  readonly ports: Readonly<Record<Transport, number | 'off'>>;
  /** In whose network the callers are. */
  readonly network: ProcessId;
}

export interface CallOptions {
  /** Taken in turn, call by call. */
  readonly kinds: readonly CallKind[];
  readonly calls: number;
  /** Calls started a second. */
  readonly rate: number;
  /** Seconds that a call is held. */
  readonly hold: number;
  /** What users and a carrier that calls speak. Default: the first that is on. */
  readonly transport?: Transport;
  readonly onProgress: (progress: Progress) => void;
  readonly signal: AbortSignal;
}

/** How long records may take after the last call: they leave the SBC within 100 ms. */
const recordPatience = 5000;

/**
 * Calls between two users of a tenant that exists only for this, from a carrier to one of them, and from one of them to a
 * carrier. Neither the cell's own tenants nor their limits take part.
 * @throws CommandFailure when a test user can't register
 */
export async function placeTestCalls(cell: CellStatus, options: CallOptions): Promise<CallReport> {
  requireFreeswitch(cell, options.kinds);
  const { spec, namespaces } = requireState(cell.name);
  const ports = spec.sbc.transports;
  const transport = transportOf(ports, options.transport);
  const subscribers = await addSubscribers(spec, transport);
  const way: Way = {
    transport,
    carrierTransport: transport,
    address: cell.floatingAddress,
    ports,
    network: namespaces['outside']!.init,
  };
  return withAgents(spec, cell, subscribers, way, options);
}

/**
 * The same through a front: the caller is in its first place, the callee and the carrier in the last one. Carriers get calls
 * from the cell itself; all else goes through edges.
 * @throws CommandFailure when the cell is not attached to the front, or a test user can't register
 */
export async function placeTestCallsThroughFront(
  front: FrontState,
  cell: CellStatus,
  options: CallOptions,
): Promise<CallReport> {
  requireFreeswitch(cell, options.kinds);
  const { spec } = requireState(cell.name);
  if (!front.cells.some(({ name }) => name === cell.name)) {
    const names = front.cells.map(({ name }) => name).join(', ');
    throw new CommandFailure(`cell ${cell.name} is not attached to the front; ${names} are`, 2);
  }
  const local = await import('../targets/local/front/index.ts');
  const last = front.spec.regions.length;
  const subscribers = await addSubscribers(spec, transportOf(spec.sbc.transports), [
    local.callerAddress(1, 100),
    local.callerAddress(last, 101),
    local.callerAddress(last, 102),
  ]);
  const removeItem = await local.addTenant(front, {
    name: subscribers.tenant,
    cell: cell.name,
    domain: subscribers.domain,
    dids: subscribers.users.map(({ did }) => did),
  });
  const ports = front.spec.edge.transports;
  const way: Way = {
    transport: transportOf(ports, options.transport),
    carrierTransport: transportOf(ports),
    address: local.serviceAddress,
    ports,
    network: front.namespaces['callers']!.init,
  };
  const remove = () => removeItem().finally(subscribers.remove);
  const report = await withAgents(spec, cell, { ...subscribers, remove }, way, options);
  return { ...report, front: front.name };
}

/** @throws CommandFailure when calls are asked for that nobody here would answer */
function requireFreeswitch({ name, hosts }: CellStatus, kinds: readonly CallKind[]): void {
  if (!kinds.includes('echo')) return;
  const programs = hosts.flatMap(({ services }) => services).filter((service) => service.name === 'freeswitch');
  if (programs.some(({ state }) => state !== 'absent')) return;
  throw new CommandFailure(
    `FreeSWITCH answers calls of --kind echo, and cell ${name} has none: it is not on this machine (Debian does not have it); allowed without it: ${callKinds.filter((kind) => kind !== 'echo').join(', ')}`,
    1,
  );
}

async function withAgents(
  spec: CellSpec,
  cell: CellStatus,
  subscribers: Subscribers,
  way: Way,
  options: CallOptions,
): Promise<CallReport> {
  const namespace = ['nsenter', '--target', String(way.network.pid), '--net', '--'];
  const agents = AgentsProcess.start({ prefix: ['setpriv', '--pdeathsig', 'KILL', ...namespace] });
  try {
    return await unlessAborted(placeCalls(agents, spec, cell, subscribers, way, options), options.signal);
  } finally {
    await agents.close(options.signal.aborted ? 0.5 : 5);
    await subscribers.remove();
  }
}

async function placeCalls(
  agents: AgentsProcess,
  spec: CellSpec,
  cell: CellStatus,
  subscribers: Subscribers,
  way: Way,
  { kinds, onProgress, ...how }: CallOptions,
): Promise<CallReport> {
  const opening = {
    agents: agentsOf(subscribers, way),
    // The cell's own authority signed its certificate, and only this machine knows it.
    tls: { verify: false },
  };
  const scenarios = kinds.map((kind) => scenario(kind, way, subscribers));
  const { figures, started, results } = await judgedCalls(agents, opening, { kinds: scenarios, ...how }, onProgress);
  const callIds = new Set(results.filter(({ answered }) => answered).map(({ callId }) => callId));
  const arrived = await recordsArrived(spec, started, callIds);
  const hosts = new Map(cell.hosts.map((host) => [host.publicAddress, host.name]));
  const mediaHosts = Object.fromEntries(
    Object.entries(figures.mediaHosts).map(([address, count]) => [hosts.get(address) ?? `unknown (${address})`, count]),
  );
  return {
    cell: cell.name,
    ...figures,
    good: figures.good && arrived === callIds.size,
    mediaHosts,
    records: { arrived, expected: callIds.size },
  };
}

function agentsOf({ domain, users, carrier }: Subscribers, way: Way): AgentSpec[] {
  const server = (protocol: Transport) => ({ address: way.address, port: Number(way.ports[protocol]) });
  const outside = (protocol: Transport) =>
    ({
      role: 'carrier',
      identity: `sip:${outsideNumber}@${carrier.address}`,
      protocol,
      server: server(protocol),
    }) as const;
  return [
    ...users.map((user): AgentSpec => ({
      role: 'user',
      name: user.name,
      identity: `sip:${user.name}@${domain}`,
      password: user.password,
      protocol: way.transport,
      local: { address: user.address },
      server: server(way.transport),
    })),
    { ...outside(way.carrierTransport), name: 'carrier', local: { address: carrier.address, port: carrier.port } },
    { ...outside(way.transport), name: 'calling carrier', local: { address: carrier.address } },
  ];
}

/**
 * The wanted transport, else the first that is on; a rule makes sure that there is one.
 * @throws CommandFailure when the wanted one is off
 */
function transportOf(ports: Way['ports'], wanted?: Transport): Transport {
  const on = (['udp', 'tcp', 'tls'] as const).filter((name) => ports[name] !== 'off');
  if (wanted !== undefined && !on.includes(wanted)) {
    throw new CommandFailure(`SIP over ${wanted} is off there; on is ${on.join(', ')}`, 2);
  }
  return wanted ?? on[0]!;
}

function scenario(kind: CallKind, { address }: Way, { domain, users }: Subscribers): CallScenario {
  const [caller, callee] = users;
  switch (kind) {
    case 'registered':
      return { name: kind, caller: caller.name, callee: callee.name, dial: `sip:${callee.name}@${domain}` };
    case 'carrier-in':
      return { name: kind, caller: 'calling carrier', callee: callee.name, dial: `sip:${callee.did}@${address}` };
    case 'carrier-out':
      return { name: kind, caller: caller.name, callee: 'carrier', dial: `sip:${outsideNumber}@${domain}` };
    case 'echo':
      return { name: kind, caller: caller.name, dial: `sip:*43@${domain}`, callerHears: 'own' };
  }
}

/** How many of the calls have a record of their end; waits for those that are on their way. */
async function recordsArrived(spec: CellSpec, since: number, callIds: ReadonlySet<string>): Promise<number> {
  const deadline = Date.now() + recordPatience;
  for (;;) {
    const events = await readCallRecords(spec, since);
    const ended = new Set(events.filter(({ event }) => event === 'end').map(({ call }) => call));
    const arrived = [...callIds].filter((id) => ended.has(id)).length;
    if (arrived === callIds.size || Date.now() > deadline) return arrived;
    await sleep(100);
  }
}
