/** How the front is: its edges, and which edge and cell hold which calls. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deriveCell } from '../../cell/cell.ts';
import { deriveFront, type Front } from '../../front/front.ts';
import { edgeHostConfig } from '../../software/edge-host.ts';
import { listCalls } from '../calls.ts';
import { isAlive } from '../processes.ts';
import { hostFolder, readState, type CellState } from '../state.ts';
import { isActive, readService, type ServiceStatus } from '../status.ts';
import { acceleratorStatus } from './accelerator.ts';
import { edgePublicAddress, serviceAddress } from './addresses.ts';
import { routerName } from './internet.ts';
import { askEdge, tableEntries } from './kamailio.ts';
import type { FrontState } from './state.ts';

export interface EdgeStatus {
  readonly name: string;
  readonly region: string;
  /** Its own public address. */
  readonly publicAddress: string;
  readonly state: 'ready' | 'starting' | 'failed' | 'dead';
  /** Whether new traffic is sent to it. */
  readonly healthy: boolean;
  /** Whether an operator has taken it out of service; null when its directory agent does not say. */
  readonly draining: boolean | null;
  /** Transactions in progress; null when Kamailio does not answer. */
  readonly transactions: number | null;
  /** Call-IDs of the calls that are pinned to it, none of a drained edge that is empty; null when Kamailio does not answer. */
  readonly calls: readonly string[] | null;
  readonly services: readonly ServiceStatus[];
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
  /** running: every edge is ready and healthy. */
  readonly state: 'running' | 'degraded';
  /** Where callers reach every tenant. */
  readonly serviceAddress: string;
  /** `BGP` or `static`. */
  readonly routing: 'BGP' | 'static';
  readonly startedAt: string;
  readonly cells: readonly string[];
  readonly edges: readonly EdgeStatus[];
  readonly calls: readonly FrontCall[];
}

export async function frontStatus(state: FrontState): Promise<FrontStatus> {
  const front = deriveFront(state.spec);
  const healthy = healthyEdges(front, state);
  const edges = await Promise.all(
    front.edges.map(async (edge): Promise<EdgeStatus> => {
      const services = edgeHostConfig(front, edge).services.map(({ name }) => readService(front.name, edge.name, name));
      const init = state.namespaces[edge.name]?.init;
      const alive = init !== undefined && isAlive(init);
      return {
        name: edge.name,
        region: edge.region,
        publicAddress: edgePublicAddress(front, edge),
        state: alive ? summary(services) : 'dead',
        healthy: healthy.has(edge.name),
        draining: alive ? isDraining(front, edge.name) : null,
        transactions: alive ? transactionsOf(await askEdge(state, edge.name, ['tm.stats'])) : null,
        calls: alive ? keysOf(await askEdge(state, edge.name, ['htable.dump', 'pinned'])) : null,
        services,
      };
    }),
  );
  const cells = state.cells.flatMap(({ name }) => readState(name) ?? []);
  const calls = await Promise.all(cells.map((cell) => callsOf(cell, edges)));
  return {
    name: front.name,
    state: edges.every((edge) => edge.state === 'ready' && edge.healthy) ? 'running' : 'degraded',
    serviceAddress,
    routing: state.bgp ? 'BGP' : 'static',
    startedAt: state.startedAt,
    cells: state.cells.map(({ name }) => name),
    edges,
    calls: calls.flat(),
  };
}

function summary(services: readonly ServiceStatus[]): EdgeStatus['state'] {
  if (services.some((service) => service.state === 'failed')) return 'failed';
  return services.every((service) => ['ready', 'finished'].includes(service.state)) ? 'ready' : 'starting';
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
function isDraining(front: Front, edge: string): boolean | null {
  try {
    const file = join(hostFolder(front.name, edge), 'services', 'directory.json');
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

/** Calls of a cell, from the tables of its active SBC; none while it has no active one. */
async function callsOf(cell: CellState, edges: readonly EdgeStatus[]): Promise<readonly FrontCall[]> {
  if (!deriveCell(cell.spec).sbcs.some(({ name }) => isActive(cell.name, name))) return [];
  const calls = await listCalls(cell.name);
  return calls.map(({ call, tenant }) => ({
    callId: call,
    tenant,
    cell: cell.name,
    edges: edges.filter((edge) => edge.calls?.includes(call)).map(({ name }) => name),
  }));
}
