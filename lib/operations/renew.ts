/** Brings the hosts of a running cell to what its definition says, one at a time, and each without its work. */
import { counted } from '../config-file/counted.ts';
import { drainHost, undrainHost, type DrainOptions, type DrainPort, type HostOfCell } from './drain.ts';
import { OperationFailure } from './failure.ts';
import { askDrained, drainedIn } from './host-command.ts';
import { until } from './patience.ts';
import { awaitProbe, probeFaults } from './probes.ts';

/** A cell whose hosts can be recreated. */
export interface RenewPort extends DrainPort {
  /** Media hosts and SBCs that do not run what the definition says, or do not run at all. */
  outdated(): Promise<readonly string[]>;

  /**
   * Makes a host what the definition says. What runs on it ends.
   * @returns once its programs are ready
   * @throws UserError when one does not become ready
   */
  renew(host: string): Promise<void>;

  /** Hosts that are not ready, and why. */
  faults(): Promise<ReadonlyMap<string, string>>;

  /** Calls that have ended because their relay had lost them, by the SBC that counts them since its start. */
  lostCalls(): Promise<ReadonlyMap<string, number>>;
}

export type HostKind = HostOfCell['kind'];

export interface RenewOptions extends DrainOptions {
  /** The only kind of host that is meant. Default: media hosts, then SBCs. */
  readonly only?: HostKind;
  /** Told of each host that is done. */
  readonly onReady?: (host: string) => void;
}

/** What is well on a host may be slow to say so on a machine that has just started another one. Seconds. */
const settling = 30;

/**
 * Media hosts, then the standby SBC, then the active one. A host that runs what the definition says is left alone. Each is drained,
 * recreated, and given its work back before the next is touched; one that somebody has drained before stays drained. It begins a host only when
 * every other one is ready, and stops at the first that does not become ready, when calls are lost, or when those of the cell's probe fail. Doing it again goes on from there.
 * Whoever calls it has the cell to itself.
 *
 * @returns the hosts that are renewed, in the order in which they were touched
 */
export async function renewHosts(port: RenewPort, options: RenewOptions): Promise<readonly string[]> {
  const { only, onReady, signal } = options;
  const renewed: string[] = [];
  for (;;) {
    signal?.throwIfAborted();
    const next = nextToRenew(await port.hosts(), await port.outdated(), only, port.renewing()?.host);
    if (next === undefined) return renewed;
    if (renewed.includes(next.name)) {
      throw new OperationFailure(
        `${next.name} of cell ${port.cell} is not what the definition says after it was recreated`,
      );
    }
    await renewOne(port, next, options);
    renewed.push(next.name);
    onReady?.(next.name);
  }
}

/**
 * The host whose turn it is: one that was left half done, then media hosts by number, then the standby SBC, then the active one.
 * @param outdated names of the hosts that are to be renewed
 * @param left name of the host at which an earlier operation was interrupted
 */
export function nextToRenew(
  hosts: readonly HostOfCell[],
  outdated: readonly string[],
  only?: HostKind,
  left?: string,
): HostOfCell | undefined {
  const rank = (host: HostOfCell) => (host.name === left ? 0 : host.kind === 'media' ? 1 : host.isActive ? 3 : 2);
  return hosts
    .filter(({ name, kind }) => name === left || (outdated.includes(name) && (only === undefined || kind === only)))
    .sort((a, b) => rank(a) - rank(b) || a.number - b.number)[0];
}

async function renewOne(port: RenewPort, host: HostOfCell, options: RenewOptions): Promise<void> {
  const { name } = host;
  const { onProgress, signal } = options;
  await othersAreWell(port, name, signal);
  const left = port.renewing();
  // Who drained it before this operation wants it drained after it.
  const staysDrained = left?.host === name ? left.staysDrained : await isDrained(port, host);
  port.noteRenewing({ host: name, staysDrained });
  const before = await port.lostCalls();
  const sbcs = async () => (await port.hosts()).flatMap((one) => (one.kind === 'sbc' && one.isUp ? [one.name] : []));
  const failed = await probeFaults(port, await sbcs());
  if ((await port.outdated()).includes(name)) {
    // Of an SBC that is dead there is nothing to take.
    if (host.isUp || host.kind === 'media') await drainHost(port, name, options);
    onProgress?.(`${name}: is recreated`);
    await port.renew(name);
  }
  if (staysDrained) await drainHost(port, name, options);
  // Whatever aborts the operation: a host that is well gets its work back.
  else await undrainHost(port, name, { ...(onProgress === undefined ? {} : { onProgress }) });
  await awaitProbe(port, await sbcs(), name, failed, signal);
  port.noteRenewing(undefined);
  const lost = lostSince(before, await port.lostCalls());
  if (lost > 0) {
    throw new OperationFailure(
      `${counted(lost, 'call has', 'calls have')} lost the relay while ${name} of cell ${port.cell} was recreated; no further host is touched`,
    );
  }
}

/** Every other host is ready: without it the relays and SBCs have nobody to go to. */
async function othersAreWell(port: RenewPort, name: string, signal: AbortSignal | undefined): Promise<void> {
  let others: readonly (readonly [string, string])[] = [];
  await until(
    async () => {
      others = [...(await port.faults())].filter(([host]) => host !== name);
      return others.length === 0;
    },
    settling,
    () => `${name} of cell ${port.cell} is not touched: ${others.map(([host, why]) => `${host} ${why}`).join('; ')}`,
    signal,
  );
}

async function isDrained(port: RenewPort, host: HostOfCell): Promise<boolean> {
  if (host.kind === 'sbc') return host.isWithdrawn;
  const [active] = await port.sbcs();
  return drainedIn(await port.run(active, askDrained)).has(host.number);
}

/** An SBC that was recreated begins to count again. */
export function lostSince(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): number {
  const more = [...after].map(([sbc, calls]) => calls - (calls < (before.get(sbc) ?? 0) ? 0 : (before.get(sbc) ?? 0)));
  return more.reduce((sum, calls) => sum + calls, 0);
}
