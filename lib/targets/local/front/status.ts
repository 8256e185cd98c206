/** How the front is: its edges, and which edge and cell hold which calls. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deriveCell } from '../../../fleet/derive/cell.ts';
import { deriveFront, type EdgeHost, type Front } from '../../../fleet/derive/front.ts';
import { edgeHostConfig } from '../../../software/edge-host.ts';
import { listCalls, type RunningCall } from '../calls.ts';
import { LocalFailure } from '../failure.ts';
import { isAlive } from '../processes.ts';
import { hostFolder, readState, type CellState } from '../state.ts';
import { hostsHealth, type AskedHost } from '../health.ts';
import { isActive, readService } from '../service-notes.ts';
import { withHealth, type HostStatus } from '../status.ts';
import { acceleratorStatus } from './accelerator.ts';
import { edgePublicAddress, regionGateway, serviceAddress } from './addresses.ts';
import { directoryPlan } from './directory.ts';
import { internet, routerName } from './internet.ts';
import { askEdge, tableEntries } from './kamailio.ts';
import { lives, type FrontState } from './state.ts';

/** A host of the front: an edge, or one of what is around them. */
export type FrontHostStatus = Pick<HostStatus, 'name' | 'state' | 'reason' | 'services'>;

export interface EdgeStatus extends FrontHostStatus {
  readonly region: string;
  /** Its own public address. */
  readonly publicAddress: string;
  /** Whether new traffic is sent to it. */
  readonly healthy: boolean;
  /** Whether an operator has taken it out of service; null when its directory agent does not say. */
  readonly draining: boolean | null;
  /** Transactions in progress; null when Kamailio does not answer. */
  readonly transactions: number | null;
  /** Call-IDs of the calls that are pinned to it, none of a drained edge that is empty; null when Kamailio does not answer. */
  readonly calls: readonly string[] | null;
}

/** A call in a cell, with what it came through. */
export interface FrontCall {
  readonly callId: string;
  readonly tenant: string;
  readonly cell: string;
  /** Names of the edges to which it is pinned: the caller's, the callee's; none of a call that came another way. */
  readonly edges: readonly string[];
}

export interface FrontStatus {
  readonly name: string;
  /** running: every edge is ready and healthy, and so is what is around them. */
  readonly state: 'running' | 'degraded';
  /** Where callers reach every tenant. */
  readonly serviceAddress: string;
  /** `BGP` or `static`. */
  readonly routing: 'BGP' | 'static';
  readonly startedAt: string;
  readonly cells: readonly string[];
  readonly edges: readonly EdgeStatus[];
  /** The directory, and the routers of regions and places. */
  readonly around: readonly FrontHostStatus[];
  readonly calls: readonly FrontCall[];
  /** Cells that do not tell their calls: they have no active SBC, or it does not answer. */
  readonly silentCells: readonly string[];
}

/** How long a cell or an edge may take to tell its calls. Seconds. */
const patience = 1.2;

/** How a front is: every service has been asked for its work. */
export async function frontStatus(state: FrontState): Promise<FrontStatus> {
  const front = deriveFront(state.spec);
  const cells = state.cells.flatMap(({ name }) => readState(name) ?? []);
  const plans = [...internet(front, state.cells, state.bgp).plans, directoryPlan(front, '')];
  const gateways = new Map(front.regions.map(({ region, network }) => [region, regionGateway(network)]));
  const [hosts, talk, told] = await Promise.all([
    hostStatuses(state, [
      ...front.edges.map((edge) => ({
        name: edge.name,
        services: edgeHostConfig(front, edge).services,
        gateway: gateways.get(edge.region)!,
      })),
      ...plans.map(({ name, config }) => ({ name, services: config.services })),
    ]),
    Promise.all(front.edges.map((edge) => talkOf(state, edge))),
    Promise.all(cells.map(callsOf)),
  ]);
  const healthy = healthyEdges(front, state);
  const edges = front.edges.map((edge, index) => ({
    ...hosts[index]!,
    region: edge.region,
    publicAddress: edgePublicAddress(front, edge),
    healthy: healthy.has(edge.name),
    ...talk[index]!,
  }));
  const around = hosts.slice(edges.length);
  const well =
    edges.every((edge) => edge.state === 'ready' && edge.healthy) && around.every((host) => host.state === 'ready');
  return {
    name: front.name,
    state: well ? 'running' : 'degraded',
    serviceAddress,
    routing: state.bgp ? 'BGP' : 'static',
    startedAt: state.startedAt,
    cells: state.cells.map(({ name }) => name),
    edges,
    around,
    calls: told.flatMap((calls, index) =>
      (calls ?? []).map(({ call, tenant }) => ({
        callId: call,
        tenant,
        cell: cells[index]!.name,
        edges: edges.filter((edge) => edge.calls?.includes(call)).map(({ name }) => name),
      })),
    ),
    silentCells: state.cells
      .map(({ name }) => name)
      .filter((name) => told[cells.findIndex((cell) => cell.name === name)] === undefined),
  };
}

/** What an edge's Kamailio says of its calls. */
async function talkOf(
  state: FrontState,
  edge: EdgeHost,
): Promise<Pick<EdgeStatus, 'draining' | 'transactions' | 'calls'>> {
  if (!lives(state, edge.name)) return { draining: null, transactions: null, calls: null };
  const ask = (...words: readonly string[]) => askEdge(state, edge.name, words, patience);
  const [stats, pinned] = await Promise.all([ask('tm.stats'), ask('htable.dump', 'pinned')]);
  return { draining: isDraining(state.name, edge.name), transactions: transactionsOf(stats), calls: keysOf(pinned) };
}

/** Hosts of the front as their supervisors and their own services say they are. */
async function hostStatuses(
  state: FrontState,
  hosts: readonly Pick<AskedHost, 'name' | 'services' | 'gateway'>[],
): Promise<readonly FrontHostStatus[]> {
  const alive = hosts.filter(({ name }) => lives(state, name));
  const answers = await hostsHealth(
    alive.map((host) => ({ ...host, of: state.name, init: state.namespaces[host.name]!.init })),
  );
  return hosts.map((host) => {
    const services = host.services.map((service) => readService(state.name, host.name, service.name));
    const answer = answers[alive.indexOf(host)];
    const said = { name: host.name, services };
    return answer === undefined ? { ...said, state: 'dead' } : withHealth(said, answer);
  });
}

/** Names of the edges to which their region's accelerator sends new traffic. */
export function healthyEdges(front: Front, state: FrontState): ReadonlySet<string> {
  return new Set(
    front.regions.flatMap((_, index) => {
      const router = routerName(index + 1);
      if (!state.namespaces[router] || !isAlive(state.namespaces[router].init)) return [];
      try {
        const file = join(hostFolder(front.name, router), 'services', acceleratorStatus);
        return (JSON.parse(readFileSync(file, 'utf8')) as { readonly healthy: readonly string[] }).healthy;
      } catch {
        return [];
      }
    }),
  );
}

/** As the edge's directory agent has told Kamailio. */
function isDraining(front: string, edge: string): boolean | null {
  try {
    const file = join(hostFolder(front, edge), 'services', 'directory.json');
    return (JSON.parse(readFileSync(file, 'utf8')) as { readonly draining: boolean }).draining;
  } catch {
    return null;
  }
}

function keysOf(dump: string | undefined): readonly string[] | null {
  return dump === undefined ? null : [...tableEntries(dump).keys()].sort();
}

/** Those that wait for something: a finished one is kept a while for late repetitions. */
function transactionsOf(stats: string | undefined): number | null {
  const number = (key: string) => Number(new RegExp(`\\b${key}: (\\d+)`).exec(stats ?? '')?.[1] ?? Number.NaN);
  const unfinished = number('current') - number('waiting');
  return Number.isNaN(unfinished) ? null : unfinished;
}

/** Calls of a cell, from the tables of its active SBC; undefined while that does not tell them. */
async function callsOf(cell: CellState): Promise<readonly RunningCall[] | undefined> {
  if (!deriveCell(cell.spec).sbcs.some(({ name }) => isActive(cell.name, name))) return undefined;
  try {
    return await listCalls(cell.name, undefined, patience);
  } catch (error) {
    if (error instanceof LocalFailure) return undefined;
    throw error;
  }
}
