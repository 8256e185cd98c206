/** Starts a local cell, or whichever parts are not running. */
import { deriveCell, type Cell } from '../../fleet/derive/cell.ts';
import { requirePrimaries, standDown } from '../../operations/promote.ts';
import type { CellSpec } from '../../fleet/schema/cell.ts';
import { usualDeadlineSeconds } from '../../operations/drain.ts';
import { askDrained, drainedIn } from '../../operations/host-command.ts';
import { renewHosts } from '../../operations/renew.ts';
import { putIntoService } from '../../operations/scale.ts';
import { publicNetworks } from './addresses.ts';
import { localCell } from './cell-port.ts';
import { changesOf } from './changes.ts';
import { forgetCustomers, syncCustomers } from './customers.ts';
import { removeCell } from './down.ts';
import { conceal, expose } from './expose.ts';
import { LocalFailure } from './failure.ts';
import { localDataHosts } from './data-port.ts';
import { fabricPlan, outsidePlan, outsideRoutes, type NamespacePlan } from './host-plan.ts';
import { hashOf } from './late-values.ts';
import { makeNamespaces, plansOf } from './make.ts';
import { runInNetwork } from './namespace.ts';
import { dataHosts, heldPrimaries, keptPrimaries } from './primaries.ts';
import { isAlive, kill, processId } from './processes.ts';
import { anSbcIsActive } from './readiness.ts';
import { renewalPort } from './renewal-port.ts';
import { requirements } from './requirements.ts';
import { changeRing } from './ring.ts';
import { requireRoom, withRoom } from './room.ts';
import {
  cellFolder,
  cellNames,
  exclusively,
  makeFolder,
  readState,
  requireState,
  writeState,
  type CellState,
} from './state.ts';
import { settledStatus, type CellStatus } from './status.ts';
import { tellHost } from './tell.ts';

export interface Progress {
  readonly host: string;
  /** renewed: it was recreated in a running cell, and has its work back. */
  readonly state: 'booting' | 'ready' | 'renewed';
}

export interface UpOptions {
  /** Told of every host that boots and gets ready. */
  readonly onProgress?: (progress: Progress) => void;
  /** Whether the cell ends with this process, even when it is killed. Default: false. */
  readonly dieWithParent?: boolean;
  /** Whether phones of this machine reach the cell. Default: false. */
  readonly expose?: boolean;
  /**
   * With `expose`: the machine's address at which phones of the local network reach the cell, see `lanAddress`. Default: they do not.
   */
  readonly lan?: string;
  /** Told what a host that is recreated waits for, in words for a person. */
  readonly onWaiting?: (text: string) => void;
  /** Breaks it off. What it has made until then is there. */
  readonly signal?: AbortSignal;
}

/**
 * Starts a cell, or brings one that is up to its spec: hosts that are gone are made at once, then media hosts and
 * SBCs that have another configuration are recreated one after the other, each without its calls. All others are left alone; other
 * tenants and trunks change no host.
 * @throws LocalFailure when this machine lacks something, or a host does not become ready; its logs are kept until `down`.
 */
export async function up(spec: CellSpec, options: UpOptions = {}): Promise<CellStatus> {
  await requireAll();
  const cell = deriveCell(spec, 'movable');
  const { signal } = options;
  await withRoom(spec.name, async () => {
    await exclusively(
      spec.name,
      async () => {
        signal?.throwIfAborted();
        const previous = await previousState(cell, options);
        const plans = await plansOf(cell, previous.publicNetwork);
        const changes = changesOf(previous.namespaces, plans, (name) => isUp(previous, name));
        const ringed = await changeRing(cell, previous, plans, changes, renewOptions(options));
        const state = await makeHosts(cell, ringed, plans, anyHost, options);
        await anSbcIsActive(cell, signal);
        await syncCustomers(cell, state);
        await forgetDrains(cell);
        await renewAll(cell, plans, options);
        await (options.expose ? expose(cell.name, options.lan, options.dieWithParent ?? false) : conceal(cell.name));
      },
      { operation: 'up', ...(signal ? { signal } : {}) },
    );
  });
  return settledStatus(spec.name);
}

export interface RollOptions extends UpOptions {
  /** The only kind of host that is meant. Default: data hosts, media hosts and SBCs. */
  readonly only?: 'data' | 'media' | 'sbc';
  /** How long calls that can't move may go on; then they get a BYE. Default: 1800. */
  readonly deadlineSeconds?: number;
}

/**
 * Recreates hosts that have another configuration: replicas of PostgreSQL and Redis, then their primaries, whose place a replica has
 * taken; then media hosts and SBCs, one after the other, each without its calls.
 * @returns the hosts that were made, in that order
 * @throws LocalFailure when the cell is not up, has other hosts than the spec, or a host does not become ready
 */
export async function roll(spec: CellSpec, options: RollOptions = {}): Promise<readonly string[]> {
  await requireAll();
  const cell = deriveCell(spec, 'movable');
  const { signal, only, onProgress } = options;
  const renewed: string[] = [];
  await withRoom(spec.name, () =>
    exclusively(
      spec.name,
      async () => {
        const previous = requireState(spec.name);
        const plans = await plansOf(cell, previous.publicNetwork);
        const { make, ring, gone } = changesOf(previous.namespaces, plans, (name) => isUp(previous, name));
        requireRollable(cell, previous, gone);
        if (only === undefined || only === 'media') {
          await changeRing(cell, previous, plans, { ring, gone: [] }, renewOptions({ ...options, only }));
        }
        const data = make.filter(isDataHost);
        if (data.length > 0 && (only === undefined || only === 'data')) {
          await makeHosts(cell, requireState(spec.name), plans, isDataHost, options);
          for (const host of data) onProgress?.({ host, state: 'renewed' });
          renewed.push(...data);
        }
        if (only !== 'data') renewed.push(...(await renewAll(cell, plans, { ...options, only })));
      },
      { operation: 'roll', ...(signal ? { signal } : {}) },
    ),
  );
  return renewed;
}

/**
 * Media hosts that are gone take calls when they come again. Asked of the SBC: an `up` that was interrupted no longer knows which ones it
 * has taken away.
 */
async function forgetDrains({ name, media }: Cell): Promise<void> {
  const port = localCell(name);
  const [active] = await port.sbcs();
  const drained = drainedIn(await port.run(active, askDrained));
  const gone = [...drained].filter((number) => !media.some((host) => host.number === number));
  if (gone.length > 0) await putIntoService(port, { hosts: gone, inService: gone });
}

/** A primary that has just started answers by then. */
const startSeconds = 30;

const isDataHost = (name: string) => /^(database|redis)-/.test(name);
const anyHost = () => true;

/** @throws LocalFailure when there is more to do than a roll does */
function requireRollable(cell: Cell, previous: CellState, gone: readonly string[]): void {
  const refuse = (what: string) => {
    throw new LocalFailure(`cell ${cell.name} ${what}; \`npx cellstamp up ${cell.name}\` brings it to its file`);
  };
  if (!hasNetwork(previous, cell)) refuse('has another network than its file, which ends all calls when it changes');
  const missing = cell.hosts.map(({ name }) => name).filter((name) => previous.namespaces[name] === undefined);
  if (missing.length > 0) refuse(`lacks hosts of its file: ${missing.join(', ')}`);
  if (gone.length > 0) refuse(`has hosts that are not in its file: ${gone.join(', ')}`);
}

type Renewal = Omit<RollOptions, 'only'> & { readonly only?: 'media' | 'sbc' | undefined };

/** One after the other, and then the tables of SBCs that are new. */
async function renewAll(cell: Cell, plans: readonly NamespacePlan[], options: Renewal): Promise<readonly string[]> {
  const renewed = await renewHosts(renewalPort(cell, plans, options), renewOptions(options));
  // Another version may have other tables.
  if (renewed.some((name) => name.startsWith('sbc-'))) forgetCustomers(cell.name);
  await syncCustomers(cell, requireState(cell.name));
  return renewed;
}

function renewOptions({ only, deadlineSeconds = usualDeadlineSeconds, onProgress, onWaiting, signal }: Renewal) {
  return {
    deadlineSeconds,
    ...(only === undefined ? {} : { only }),
    ...(onWaiting === undefined ? {} : { onProgress: onWaiting }),
    onReady: (host: string) => onProgress?.({ host, state: 'renewed' }),
    ...(signal === undefined ? {} : { signal }),
  };
}

const isUp = ({ namespaces }: CellState, name: string) =>
  namespaces[name] !== undefined && isAlive(namespaces[name].init);

async function requireAll(): Promise<void> {
  const lacks = await requirements();
  if (lacks.length > 0) {
    throw new LocalFailure(lacks.map(({ problem, remedy }) => `${problem} ${remedy}`).join('\n'));
  }
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
    `cell ${name} needs another network, so that all of its hosts have to be recreated, with no data in them; nothing was changed. To give its data up: npx cellstamp down ${name}`,
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

/**
 * Makes the hosts that are to be made at once, and waits until all of them are ready. Those that are gone from the spec end.
 * @param isMeant by the name of a host; the others stay as they are
 */
async function makeHosts(
  cell: Cell,
  previous: CellState,
  plans: readonly NamespacePlan[],
  isMeant: (host: string) => boolean,
  options: UpOptions,
): Promise<CellState> {
  const { publicNetwork } = previous;
  const network = previous.namespaces['fabric']
    ? []
    : [fabricPlan(cell, publicNetwork), outsidePlan(cell, publicNetwork)];
  const held = heldPrimaries(cell, previous, plans);
  const present = plans.filter(({ name }) => !waitsFor(held, name, previous));
  const changes = changesOf(previous.namespaces, present, (name) => isUp(previous, name), held);
  const { renew, tell, gone } = changes;
  const make = changes.make.filter(isMeant);
  const wanted = plans.filter(({ name }) => make.includes(name));
  const primaries = keptPrimaries(cell, previous);
  options.signal?.throwIfAborted();
  const ending = [...make, ...gone];
  const port = localDataHosts(cell.name);
  await requirePrimaries(port, ending, { seconds: startSeconds, signal: options.signal });
  if (wanted.length > 0) forgetCustomers(cell.name);
  for (const name of ending) if (previous.namespaces[name] !== undefined) kill(previous.namespaces[name].init);
  const kept = Object.entries(previous.namespaces).filter(([name]) => !ending.includes(name));
  const told = await Promise.all(
    plans
      .filter(({ name }) => tell.includes(name))
      .map(async (plan) => [plan.name, await tellHost(previous.namespaces[plan.name]!, plan)] as const),
  );
  const state = await makeNamespaces(
    cell,
    { ...previous, primaries, namespaces: Object.fromEntries([...kept, ...told]) },
    { network, wanted },
    present.filter(({ name }) => isMeant(name) && !renew.includes(name)),
    options,
  );
  if (network.length === 0) {
    const routes = `${outsideRoutes(cell).join('\n')}\n`;
    await runInNetwork(state.namespaces['outside']!.init, ['ip', '-batch', '-'], { input: routes });
  }
  if (held.length === 0) return state;
  // Their replicas are as the spec wants them: one takes the place of each, and then they can be recreated.
  for (const primary of held) await standDown(port, primary);
  return makeHosts(cell, requireState(cell.name), plans, isMeant, options);
}

/** A primary lets in only the replicas that it was made for: a new one comes when a primary of the new configuration is there. */
function waitsFor(held: readonly string[], host: string, previous: CellState): boolean {
  const role = host.replace(/-\d+$/, '');
  return previous.namespaces[host] === undefined && held.some((primary) => primary.startsWith(`${role}-`));
}
