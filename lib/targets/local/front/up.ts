/** Brings the front up on this machine: the internet, the directory, the edges; and attaches cells that are up. */
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { cellItems, itemId, type DirectoryItem, type EdgeItem } from '../../../fleet/directory.ts';
import { deriveFront, type Front } from '../../../fleet/derive/front.ts';
import type { CellSpec } from '../../../fleet/schema/cell.ts';
import type { FrontSpec } from '../../../fleet/schema/front.ts';
import { floatingAddress } from '../addresses.ts';
import { LocalFailure } from '../failure.ts';
import { interfaceName, type NamespacePlan } from '../host-plan.ts';
import type { EdgeValueName } from '../../../software/values.ts';
import { filled, hashOf } from '../late-values.ts';
import { runInNetwork, startNamespace, type StartedNamespace } from '../namespace.ts';
import { removeCell } from '../down.ts';
import { missingPackages } from '../packages.ts';
import { isAlive, kill } from '../processes.ts';
import { startServices } from '../readiness.ts';
import { requireRoom, withRoom } from '../room.ts';
import { exclusively, makeFolder, cellFolder, requireState, type CellState, type Namespace } from '../state.ts';
import type { Progress } from '../up.ts';
import { edgeAddresses, edgePublicAddress, serviceAddress } from './addresses.ts';
import { attachCell, tellCellOfEdges } from './attach.ts';
import { directoryPlan, directorySource, LocalDirectory } from './directory.ts';
import { edgePlan } from './edge-plan.ts';
import { internet, routerName, type Internet, type Link } from './internet.ts';
import { neededPackages } from './packages.ts';
import { frontSecrets, type FrontSecrets } from './secrets.ts';
import { frontProcess, lives, readFrontState, writeFrontState, type FrontState } from './state.ts';
import { healthyEdges } from './status.ts';

export interface FrontUpOptions {
  /** Told of every host that boots and gets ready. */
  readonly onProgress?: (progress: Progress) => void;
  /** Whether the front ends with this process, even when it is killed. Default: false. */
  readonly dieWithParent?: boolean;
  /** Breaks it off. What it has made until then is there. */
  readonly signal?: AbortSignal;
  /** How routes are announced. Default: by BGP where BIRD is installed. */
  readonly routing?: 'BGP' | 'static';
  /** Changes the plan of every edge before it is made. Default: none. For trials of other configurations. */
  readonly changeEdge?: (plan: NamespacePlan) => NamespacePlan;
}

/** Every edge must be healthy by then, in seconds. */
const healthDeadline = 60;

/**
 * Brings the front up, or what is missing of it, and attaches the named cells, which must be up.
 * @throws LocalFailure when this machine lacks something, or a host does not become ready
 */
export async function frontUp(
  spec: FrontSpec,
  cellNames: readonly string[],
  options: FrontUpOptions = {},
): Promise<FrontState> {
  const missing = await missingPackages(neededPackages);
  if (missing.length > 0) {
    throw new LocalFailure(
      `Debian packages are missing: ${missing.join(' ')}. Install them: apt-get install --no-install-recommends ${missing.join(' ')}`,
    );
  }
  const front = deriveFront(spec);
  const cells = cellNames.map(requireState);
  if (cells.some((cell) => cell.name === front.name)) {
    throw new LocalFailure(`a cell has the name of the front, ${front.name}`);
  }
  return withRoom(front.name, () =>
    exclusively(
      front.name,
      async () => {
        const previous = readFrontState(front.name);
        const bgp = (options.routing ?? (existsSync('/usr/sbin/bird') ? 'BGP' : 'static')) === 'BGP';
        const attached = cells.map(({ name, publicNetwork }) => ({ name, publicNetwork }));
        const net = internet(front, attached, bgp);
        const alive = Object.values(previous?.namespaces ?? {}).filter(({ init }) => isAlive(init));
        requireRoom(`front ${front.name}`, net.plans.length + 1 + front.edges.length - alive.length);
        // Edges are recreated one by one; the hosts around them are recreated together.
        const fits =
          previous !== undefined && net.plans.every((plan) => stands(previous, plan)) && lives(previous, 'directory');
        if (!fits) {
          await removeCell(front.name);
          makeFolder(cellFolder(front.name));
        }
        const base: FrontState = {
          version: 1,
          name: front.name,
          spec,
          cells: attached,
          bgp,
          startedAt: fits ? previous.startedAt : new Date().toISOString(),
          namespaces: fits ? previous.namespaces : {},
        };
        const state = await makeHosts(front, base, net, await frontSecrets(front), options);
        for (const [index, cell] of cells.entries()) await attachCell(front, state, index, cell);
        const { edgeKeys } = await frontSecrets(front);
        const directory = await directoryOf(front, state);
        // The cells first: they know a key before an edge proves anything with it.
        for (const cell of cells) await tellCellOfEdges(cell, edgeAddresses(front), edgeKeys);
        await directory.putEdgeKeys(edgeKeys);
        await fillDirectory(front, directory, cells);
        await everyEdgeIsHealthy(front, state, options.signal);
        return state;
      },
      { ...(options.signal ? { signal: options.signal } : {}) },
    ),
  );
}

function stands(state: FrontState, plan: NamespacePlan): boolean {
  const namespace = state.namespaces[plan.name];
  return namespace !== undefined && isAlive(namespace.init) && namespace.hash === hashOf(plan);
}

/** The directory of a running front. */
export async function directoryOf(front: Front, state: FrontState): Promise<LocalDirectory> {
  return new LocalDirectory(frontProcess(state, 'directory'), (await frontSecrets(front)).directoryPassword);
}

async function makeHosts(
  front: Front,
  state: FrontState,
  { plans, links }: Internet,
  secrets: FrontSecrets,
  options: FrontUpOptions,
): Promise<FrontState> {
  const around = [...plans, directoryPlan(front, secrets.directoryPassword)];
  const edges = front.edges.map((edge) => {
    const plan = edgePlan(front, edge);
    const values: Readonly<Record<EdgeValueName, string>> = {
      public_address: edgePublicAddress(front, edge),
      anycast_address_1: serviceAddress,
      // One is enough here; where there are two, both lead to the same edges.
      anycast_address_2: serviceAddress,
      directory: directorySource(secrets.directoryPassword),
      sip_certificate: secrets.sipCertificate,
      sip_key: secrets.sipKey,
    };
    const change = options.changeEdge ?? ((each) => each);
    return change({ ...plan, config: filled(plan.config, values) });
  });
  const all = [...around, ...edges];
  const wanted = all.filter((plan) => !stands(state, plan));
  const names = new Set(wanted.map(({ name }) => name));
  for (const name of names) if (state.namespaces[name]) kill(state.namespaces[name].init);
  const started = new Map<string, StartedNamespace>();
  try {
    await Promise.all(
      wanted.map(async (plan) => {
        options.onProgress?.({ host: plan.name, state: 'booting' });
        started.set(plan.name, await startNamespace(front.name, plan, options.dieWithParent ?? false));
      }),
    );
    const made = wanted.map((plan): [string, Namespace] => [
      plan.name,
      { init: started.get(plan.name)!.init, hash: hashOf(plan) },
    ]);
    const next: FrontState = { ...state, namespaces: { ...state.namespaces, ...Object.fromEntries(made) } };
    writeFrontState(next);
    if (names.has('directory')) await linkAround(front, next, links);
    await linkEdges(front, next, names);
    for (const { name } of wanted) started.get(name)!.proceed();
    await startServices(front, all, started, (host) => options.onProgress?.({ host, state: 'ready' }), options.signal);
    return next;
  } finally {
    for (const namespace of started.values()) namespace.release();
  }
}

/** The links of the internet, and each region's switch. */
async function linkAround(front: Front, state: FrontState, links: readonly Link[]): Promise<void> {
  const pid = (host: string) => state.namespaces[host]!.init.pid;
  for (const host of new Set(links.map(({ from }) => from.host))) {
    const lines = links
      .filter(({ from }) => from.host === host)
      .map(({ from, to }) => `link add name ${from.name} type veth peer name ${to.name} netns ${pid(to.host)}`);
    const region = front.regions.findIndex((_, index) => routerName(index + 1) === host);
    await configure(state, host, region === -1 ? lines : [...lines, 'link add name edges type bridge']);
  }
}

/** Links of the edges that are recreated. */
async function linkEdges(front: Front, state: FrontState, made: ReadonlySet<string>): Promise<void> {
  for (const [index, { edges }] of front.regions.entries()) {
    const router = routerName(index + 1);
    for (const edge of edges.filter(({ name }) => made.has(name))) {
      const name = `edge-${edge.id}`;
      // What is left of one that died; the kernel takes a while to notice.
      await runInNetwork(state.namespaces[router]!.init, ['ip', 'link', 'delete', name]);
      await configure(state, router, [
        `link add name ${name} type veth peer name ${interfaceName} netns ${state.namespaces[edge.name]!.init.pid}`,
        `link set dev ${name} master edges up`,
        // The router would go on sending to the one that died until it asks again, half a minute later.
        'neigh flush dev edges',
      ]);
    }
  }
}

async function configure(state: FrontState, host: string, lines: readonly string[]): Promise<void> {
  const made = await runInNetwork(state.namespaces[host]!.init, ['ip', '-batch', '-'], {
    input: `${lines.join('\n')}\n`,
  });
  if (made.status !== 0) throw new LocalFailure(`no network for the front at ${host}: ${made.stderr.trim()}`);
}

/** Cells, edges and tenants as the files say; where a tenant was moved to, it stays. */
async function fillDirectory(front: Front, directory: LocalDirectory, cells: readonly CellState[]): Promise<void> {
  const version = Date.now();
  const known = await directory.read();
  const edges = front.edges.map((edge): EdgeItem => ({
    kind: 'edge',
    name: edge.name,
    version,
    address: edgePublicAddress(front, edge),
  }));
  const items = cells.flatMap(({ spec, publicNetwork }) =>
    cellItems(spec, [`${floatingAddress(publicNetwork)}:${cellPort(spec)}`], version),
  );
  const wanted = [...edges, ...items].map((item): DirectoryItem => {
    const before = known.get(itemId(item));
    const stays = item.kind === 'tenant' && before?.kind === 'tenant' && cells.some(({ name }) => name === before.cell);
    return stays ? { ...item, cell: before.cell, other: before.other } : item;
  });
  const ids = new Set(wanted.map(itemId));
  await directory.remove([...known.values()].filter((item) => !ids.has(itemId(item))));
  await directory.put(wanted.filter((item) => !isSame(item, known.get(itemId(item)))));
}

function isSame(item: DirectoryItem, before: DirectoryItem | undefined): boolean {
  return before !== undefined && JSON.stringify({ ...item, version: 0 }) === JSON.stringify({ ...before, version: 0 });
}

/** @throws LocalFailure when the cell takes no SIP over UDP, which is what edges speak with cells */
function cellPort({ name, sbc }: CellSpec): number {
  const { udp } = sbc.transports;
  if (udp === 'off') throw new LocalFailure(`cell ${name} has sbc.transports.udp off, and edges speak UDP with cells`);
  return udp;
}

async function everyEdgeIsHealthy(front: Front, state: FrontState, signal?: AbortSignal): Promise<void> {
  const deadline = Date.now() + healthDeadline * 1000;
  for (;;) {
    const healthy = healthyEdges(front, state);
    const missing = front.edges.filter(({ name }) => !healthy.has(name)).map(({ name }) => name);
    if (missing.length === 0) return;
    if (Date.now() > deadline)
      throw new LocalFailure(`edges are not healthy after ${healthDeadline} s: ${missing.join(', ')}`);
    await sleep(50, undefined, { ...(signal ? { signal } : {}) });
  }
}
