/** Brings a cell up on this machine, or what is missing of it. */
import { deriveCell, type Cell } from '../../fleet/derive/cell.ts';
import { standDown } from '../../operations/promote.ts';
import type { CellSpec } from '../../fleet/schema/cell.ts';
import { publicNetworks } from './addresses.ts';
import { forgetCustomers, syncCustomers } from './customers.ts';
import { removeCell } from './down.ts';
import { LocalFailure } from './failure.ts';
import { localDataHosts } from './data-port.ts';
import { fabricPlan, hostPlan, outsidePlan, outsideRoutes, type NamespacePlan } from './host-plan.ts';
import { filled, hashOf, lateValues } from './late-values.ts';
import { link, runInNetwork, startNamespace, type StartedNamespace } from './namespace.ts';
import { isAlive, kill, processId, type ProcessId } from './processes.ts';
import { dataHosts, heldPrimaries, keptPrimaries, placePrimaries } from './primaries.ts';
import { anSbcIsActive, startServices } from './readiness.ts';
import { requirements } from './requirements.ts';
import { requireRoom, withRoom } from './room.ts';
import { secretsOf } from './secrets.ts';
import {
  cellFolder,
  cellNames,
  exclusively,
  makeFolder,
  readState,
  requireState,
  writeState,
  type CellState,
  type Namespace,
} from './state.ts';
import { hasFreeswitch, settledStatus, type CellStatus } from './status.ts';

export interface Progress {
  readonly host: string;
  readonly state: 'booting' | 'ready';
}

export interface UpOptions {
  /** Told of every host that boots and gets ready. */
  readonly onProgress?: (progress: Progress) => void;
  /** Whether the cell ends with this process, even when it is killed. Default: false. */
  readonly dieWithParent?: boolean;
  /** Breaks it off. What it has made until then is there. */
  readonly signal?: AbortSignal;
}

/**
 * Brings a cell up, or makes it what the spec says where it is up already: hosts that are gone or have another configuration
 * are recreated, all others are left alone; other tenants and trunks change no host.
 * @throws LocalFailure when this machine lacks something, or a host does not become ready; its logs are kept until `down`.
 */
export async function up(spec: CellSpec, options: UpOptions = {}): Promise<CellStatus> {
  const lacks = await requirements();
  if (lacks.length > 0) {
    throw new LocalFailure(lacks.map(({ problem, remedy }) => `${problem} ${remedy}`).join('\n'));
  }
  const cell = deriveCell(spec, 'movable');
  const { signal } = options;
  await withRoom(spec.name, async () => {
    await exclusively(
      spec.name,
      async () => {
        signal?.throwIfAborted();
        const state = await makeHosts(cell, await previousState(cell, options), options);
        await anSbcIsActive(cell, signal);
        await syncCustomers(cell, state);
      },
      { ...(signal ? { signal } : {}) },
    );
  });
  return settledStatus(spec.name);
}

/** What there is of the cell, and where it begins: on a switch and router that live and fit. Anything else goes first. */
async function previousState(cell: Cell, { dieWithParent }: UpOptions): Promise<CellState> {
  const previous = readState(cell.name);
  const alive = Object.values(previous?.namespaces ?? {}).filter(({ init }) => isAlive(init));
  requireRoom(`cell ${cell.name}`, cell.hosts.length + 2 - alive.length);
  if (previous && hasNetwork(previous, cell)) return { ...previous, spec: cell.spec };
  if (previous) requireNoData(previous);
  await removeCell(cell.name);
  makeFolder(cellFolder(cell.name));
  return exclusively('public-network', async () => {
    const taken = new Set(cellNames().map((name) => readState(name)?.publicNetwork));
    const state: CellState = {
      version: 1,
      name: cell.name,
      spec: cell.spec,
      publicNetwork: publicNetworks(cell.spec.network).find((network) => !taken.has(network))!,
      startedAt: new Date().toISOString(),
      ...(dieWithParent ? { owner: processId(process.pid)! } : {}),
      namespaces: {},
    };
    // Written at once: no other cell takes the same public network now.
    writeState(state);
    return state;
  });
}

/** @throws LocalFailure when the cell has data, which would go with its network */
function requireNoData({ name, spec, namespaces }: CellState): void {
  const alive = dataHosts(deriveCell(spec)).filter((host) => {
    const namespace = namespaces[host.name];
    return namespace !== undefined && isAlive(namespace.init);
  });
  if (alive.length === 0) return;
  throw new LocalFailure(
    `cell ${name} needs another network, so that all of its hosts have to be made anew, with no data in them; nothing was changed. To give its data up: npx cellstamp down ${name}`,
  );
}

function hasNetwork(previous: CellState, cell: Cell): boolean {
  const { fabric, outside } = previous.namespaces;
  return (
    fabric !== undefined &&
    outside !== undefined &&
    isAlive(fabric.init) &&
    isAlive(outside.init) &&
    fabric.hash === hashOf(fabricPlan(cell, previous.publicNetwork))
  );
}

/** Makes the hosts that are missing or not as the spec wants them, and waits until all are ready. */
async function makeHosts(cell: Cell, previous: CellState, options: UpOptions): Promise<CellState> {
  const { publicNetwork } = previous;
  const secrets = await secretsOf(cell);
  const all = cell.hosts.map((host) => {
    const plan = hostPlan(cell, host, publicNetwork, hasFreeswitch());
    return { ...plan, config: filled(plan.config, lateValues(cell, host, publicNetwork, secrets)) };
  });
  const network = previous.namespaces['fabric']
    ? []
    : [fabricPlan(cell, publicNetwork), outsidePlan(cell, publicNetwork)];

  const held = heldPrimaries(cell, previous, all);
  const hosts = all.filter((plan) => !waitsFor(held, plan.name, previous));
  const primaries = keptPrimaries(cell, previous);
  const { kept, wanted } = keepOrMake(previous.namespaces, hosts, held);
  options.signal?.throwIfAborted();
  if (wanted.length > 0) forgetCustomers(cell.name);
  const started = new Map<string, StartedNamespace>();
  try {
    await Promise.all(
      [...network, ...wanted].map(async (plan) => {
        options.onProgress?.({ host: plan.name, state: 'booting' });
        started.set(plan.name, await startNamespace(cell.name, plan, options.dieWithParent ?? false));
      }),
    );
    const made = [...network, ...wanted].map((plan): [string, Namespace] => [
      plan.name,
      { init: started.get(plan.name)!.init, hash: hashOf(plan) },
    ]);
    const state: CellState = { ...previous, primaries, namespaces: { ...kept, ...Object.fromEntries(made) } };
    writeState(state);

    const inits = new Map(wanted.map(({ name }): [string, ProcessId] => [name, state.namespaces[name]!.init]));
    const outside = state.namespaces['outside']!.init;
    await link(state.namespaces['fabric']!.init, network.length > 0 ? outside : undefined, inits);
    await placePrimaries(cell, state);
    for (const namespace of started.values()) namespace.proceed();
    for (const { name } of network) started.get(name)!.proceed();
    if (network.length === 0) {
      await runInNetwork(outside, ['ip', '-batch', '-'], { input: `${outsideRoutes(cell).join('\n')}\n` });
    }
    await startServices(cell, hosts, started, (host) => options.onProgress?.({ host, state: 'ready' }), options.signal);
    if (held.length === 0) return state;
  } finally {
    for (const namespace of started.values()) namespace.release();
  }
  // Their replicas are as the spec wants them: one takes the place of each, and then they can be made anew.
  const port = localDataHosts(cell.name);
  for (const primary of held) await standDown(port, primary);
  return makeHosts(cell, requireState(cell.name), options);
}

/** A primary lets in only the replicas that it was made for: a new one comes when a primary of the new configuration is there. */
function waitsFor(held: readonly string[], host: string, previous: CellState): boolean {
  const role = host.replace(/-\d+$/, '');
  return previous.namespaces[host] === undefined && held.some((primary) => primary.startsWith(`${role}-`));
}

/**
 * Ends what is not wanted any more; the hosts that stay, and those to be made.
 * @param held hosts that stay for now, whatever the spec says
 */
function keepOrMake(
  previous: CellState['namespaces'],
  hosts: readonly NamespacePlan[],
  held: readonly string[],
): { readonly kept: CellState['namespaces']; readonly wanted: readonly NamespacePlan[] } {
  const wanted: NamespacePlan[] = [];
  for (const plan of hosts) {
    const namespace = previous[plan.name];
    const isAsWanted =
      namespace !== undefined &&
      isAlive(namespace.init) &&
      (namespace.hash === hashOf(plan) || held.includes(plan.name));
    const isEmptied = plan.fills.length > 0 && plan.fills.every((filled) => wanted.some(({ name }) => name === filled));
    if (!isAsWanted || isEmptied) wanted.push(plan);
  }
  const stays = (name: string) =>
    name === 'fabric' ||
    name === 'outside' ||
    (hosts.some((plan) => plan.name === name) && !wanted.some((plan) => plan.name === name));
  const kept = Object.entries(previous).filter(([name]) => stays(name));
  for (const [name, { init }] of Object.entries(previous)) if (!stays(name)) kill(init);
  return { kept: Object.fromEntries(kept), wanted };
}
