/** Takes the work off a host of a running cell, so that it can be stopped, and gives it back. */
import { setTimeout as sleep } from 'node:timers/promises';
import { counted } from '../config-file/counted.ts';
import type { CellPort } from './cell-port.ts';
import { OperationFailure } from './failure.ts';
import {
  askCalls,
  askDrained,
  askFreeswitch,
  askLoad,
  callsIn,
  drainedIn,
  endCalls,
  endFreeswitchCalls,
  pauseFreeswitch,
  relayedIn,
  resumeFreeswitch,
} from './host-command.ts';
import { until } from './patience.ts';
import { askRelays, letRelayHome, moveRelay, relaysIn, type RelayState } from './relays.ts';
import { putIntoService } from './scale.ts';

interface AnyHost {
  readonly name: string;
  /** Number within its kind. */
  readonly number: number;
  /** Whether it runs. */
  readonly isUp: boolean;
}

export interface MediaHostOfCell extends AnyHost {
  readonly kind: 'media';
  /** The host to which its relay moves with its calls; none where it can't move. */
  readonly neighbour?: string;
  /** Number of the media host whose relay it takes. */
  readonly guest?: number;
  readonly hasFreeswitch: boolean;
}

export interface SbcOfCell extends AnyHost {
  readonly kind: 'sbc';
  /** Whether it says that it is the one that has the floating addresses. */
  readonly isActive: boolean;
  /** Whether it is kept from taking them. */
  readonly isWithdrawn: boolean;
}

export type HostOfCell = MediaHostOfCell | SbcOfCell;

/** The host at which an operation that recreates hosts was interrupted. */
export interface Renewing {
  readonly host: string;
  /** Whether somebody wants it drained after it. */
  readonly staysDrained: boolean;
}

/** A cell whose hosts can be drained. */
export interface DrainPort extends CellPort {
  /** Its media hosts and SBCs. */
  hosts(): Promise<readonly HostOfCell[]>;

  /** Whether an SBC could be the active one now, and knows what that one knows. */
  standsBy(sbc: string): Promise<boolean>;

  /** An SBC gives up the floating addresses. It does not take them again, even if it dies and is recreated. */
  withdraw(sbc: string): Promise<void>;

  /** An SBC may take the floating addresses again. */
  readmit(sbc: string): Promise<void>;

  /** How a dead host returns, in words for a person: "`npx cellstamp up CELL` recreates it". */
  revival(host: string): string;

  /** What the last `noteRenewing` said. */
  renewing(): Renewing | undefined;

  /** Remembers which host is being recreated, beyond the end of this process. */
  noteRenewing(renewing: Renewing | undefined): void;
}

/** A call that can't be moved. */
export interface HeldCall {
  /** Call-ID; of a call of FreeSWITCH its own name for it. */
  readonly call: string;
  readonly from: string;
  readonly to: string;
}

export interface Drained {
  readonly host: string;
  /** Whether it does not run. The cell remembers that it is drained: whoever recreates it finds it so. */
  readonly dead: boolean;
  /** The host that has its work now: its relay, or the floating addresses. Null where none does. */
  readonly takenOverBy: string | null;
  /** Calls that were on its relay, and moved. */
  readonly moved: number;
  /** Calls that could not move, and got a BYE at the deadline. */
  readonly ended: readonly HeldCall[];
}

export interface DrainOptions {
  /** How long calls that can't move may go on; then they get a BYE. */
  readonly deadlineSeconds: number;
  /** Told of what it does or waits for, in words for a person. */
  readonly onProgress?: (text: string) => void;
  /** Once it is aborted it stops waiting. The host stays as drained as it is, and the same operation goes on from there. */
  readonly signal?: AbortSignal;
}

/** As long as a unit of systemd gives the calls of a media host. */
export const usualDeadlineSeconds = 1800;

const patience = {
  /** A neighbour that has just started copies the calls first. */
  copy: 60,
  /** A hand-over takes less than a second; the neighbour must know, and be well. */
  move: 30,
  /** A home host copies the calls, and is well for 3 s, before it asks for its relay. */
  home: 60,
  /** The other SBC learns of all registrations and calls. */
  standby: 90,
  takeOver: 20,
  /** An SBC ends calls once a second. */
  end: 30,
} as const;

/**
 * A media host gets no new calls, and its relay moves to the neighbour with its calls, which costs each 0.1 to 0.3 s of audio. What
 * can't move, the calls of FreeSWITCH for example, may end by itself until the deadline. An SBC hands the floating addresses over if it has
 * them, and does not take them again.
 *
 * Doing it twice changes nothing the second time; after an interruption the same operation completes what is missing.
 *
 * @throws OperationFailure when there is no such host, or no other that is ready to take its work
 */
export function drain(port: DrainPort, name: string, options: DrainOptions): Promise<Drained> {
  return port.exclusively('drain', async () => {
    // Whatever was interrupted there: from now on somebody wants it drained.
    if (port.renewing()?.host === name) port.noteRenewing(undefined);
    return drainHost(port, name, options);
  });
}

/** The same, as a part of an operation that has the cell to itself. */
export async function drainHost(port: DrainPort, name: string, options: DrainOptions): Promise<Drained> {
  const hosts = await port.hosts();
  const host = hostNamed(port, hosts, name);
  return host.kind === 'media' ? drainMediaHost(port, host, hosts, options) : drainSbc(port, host, hosts, options);
}

/**
 * A media host gets its relay back with all calls, and new calls after that; an SBC stands by.
 * @throws OperationFailure when there is no such host, or it is not up
 */
export function undrain(
  port: DrainPort,
  name: string,
  options: Pick<DrainOptions, 'onProgress' | 'signal'> = {},
): Promise<void> {
  return port.exclusively('undrain', async () => {
    const wasInterrupted = port.renewing()?.host === name;
    // If this is interrupted, too, the next operation gives the host its work back.
    if (wasInterrupted) port.noteRenewing({ host: name, staysDrained: false });
    await undrainHost(port, name, options);
    if (wasInterrupted) port.noteRenewing(undefined);
  });
}

/** The same, as a part of an operation that has the cell to itself. */
export async function undrainHost(
  port: DrainPort,
  name: string,
  options: Pick<DrainOptions, 'onProgress' | 'signal'> = {},
): Promise<void> {
  const host = hostNamed(port, await port.hosts(), name);
  if (!host.isUp) {
    throw new OperationFailure(
      `${name} of cell ${port.cell} is dead, so it can take nothing back before it runs: ${port.revival(name)}`,
    );
  }
  await (host.kind === 'media' ? undrainMediaHost(port, host, options) : undrainSbc(port, host, options));
}

function hostNamed({ cell }: DrainPort, hosts: readonly HostOfCell[], name: string): HostOfCell {
  const found = hosts.find((host) => host.name === name);
  if (found !== undefined) return found;
  const names = hosts.map((host) => host.name).join(', ');
  throw new OperationFailure(`cell ${cell} has no media host or SBC ${name}; it has ${names}`, 2);
}

// --- Media hosts

async function drainMediaHost(
  port: DrainPort,
  host: MediaHostOfCell,
  hosts: readonly HostOfCell[],
  options: DrainOptions,
): Promise<Drained> {
  const { onProgress, signal } = options;
  await requireNoGuest(port, host, hosts, signal);
  onProgress?.(`${host.name}: new calls go elsewhere`);
  await putIntoService(port, { hosts: [host.number], inService: [] });
  if (host.isUp && host.hasFreeswitch) await port.run(host.name, pauseFreeswitch);
  const [active] = await port.sbcs();
  const neighbour = await takerOf(port, host, hosts);
  const before = neighbour === undefined || (await stateAt(port, neighbour, host.number)) === 'holds';
  const moved = before ? 0 : (relayedIn(await port.run(active, askLoad)).get(host.number) ?? 0);
  if (neighbour !== undefined) await moveToNeighbour(port, host, neighbour, options);
  const ended = host.isUp ? await untilEmpty(port, host, options) : [];
  return { host: host.name, dead: !host.isUp, takenOverBy: neighbour ?? null, moved, ended };
}

/** The neighbour. Of a host that is dead it has the relay by now, or nobody ever will: the calls end by themselves then. */
async function takerOf(
  port: DrainPort,
  { isUp, neighbour, number }: MediaHostOfCell,
  hosts: readonly HostOfCell[],
): Promise<string | undefined> {
  if (neighbour === undefined || isUp) return neighbour;
  const isThere = hosts.some(({ name, isUp: up }) => name === neighbour && up);
  return isThere && (await stateAt(port, neighbour, number)) === 'holds' ? neighbour : undefined;
}

/**
 * A media host that goes for good: its relay has nowhere to go, so its calls may end by themselves until the deadline.
 * @throws OperationFailure when it has the relay of another host
 */
export async function emptyMediaHost(port: DrainPort, name: string, options: DrainOptions): Promise<void> {
  const hosts = await port.hosts();
  const host = hostNamed(port, hosts, name) as MediaHostOfCell;
  const { kind, number, isUp, guest, hasFreeswitch } = host;
  const alone = { kind, name, number, isUp, hasFreeswitch, ...(guest === undefined ? {} : { guest }) };
  await drainMediaHost(port, alone, hosts, options);
}

async function stateAt(port: DrainPort, host: string, relay: number): Promise<RelayState | undefined> {
  return relaysIn(await port.run(host, askRelays)).get(relay);
}

/** The relay that it has of another host goes with its calls nowhere but home. */
async function requireNoGuest(
  port: DrainPort,
  host: MediaHostOfCell,
  hosts: readonly HostOfCell[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const { guest } = host;
  if (guest === undefined || !host.isUp) return;
  const home = hosts.find(({ kind, number }) => kind === 'media' && number === guest);
  const [active] = await port.sbcs();
  const isDrained = drainedIn(await port.run(active, askDrained)).has(guest);
  const remedy = isDrained
    ? `\`npx cellstamp undrain media-${guest}\` lets it go home`
    : 'it returns once its host is healthy';
  await until(
    async () => (await stateAt(port, host.name, guest)) !== 'holds',
    home?.isUp === true && !isDrained ? patience.home : 0,
    () => `${host.name} has the relay of media-${guest}, with its calls: ${remedy}`,
    signal,
  );
}

async function moveToNeighbour(
  port: DrainPort,
  host: MediaHostOfCell,
  neighbour: string,
  { onProgress, signal }: DrainOptions,
): Promise<void> {
  const holds = async () => (await stateAt(port, neighbour, host.number)) === 'holds';
  onProgress?.(`${host.name}: its relay moves to ${neighbour}`);
  await until(
    async () => ['holds', 'follows'].includes((await stateAt(port, neighbour, host.number)) ?? ''),
    patience.copy,
    () => `${neighbour} has no copy of the calls of ${host.name}, so they can't move; ${host.name} takes no new calls`,
    signal,
  );
  // Also where it is there already: else it would go home.
  if (host.isUp) await port.run(host.name, moveRelay(host.number));
  await until(
    holds,
    patience.move,
    () => `the relay of ${host.name} does not move to ${neighbour}; ${host.name} takes no new calls`,
    signal,
  );
}

/** Waits until the calls that can't move have ended, and ends those that are left at the deadline. */
async function untilEmpty(
  port: DrainPort,
  host: MediaHostOfCell,
  { deadlineSeconds, onProgress, signal }: DrainOptions,
): Promise<readonly HeldCall[]> {
  const deadline = Date.now() + deadlineSeconds * 1000;
  for (;;) {
    const held = await heldCalls(port, host);
    if (held.length === 0) return [];
    if (Date.now() >= deadline) {
      await endHeldCalls(port, host, held);
      return held;
    }
    const seconds = Math.ceil((deadline - Date.now()) / 1000);
    onProgress?.(`${host.name}: ${describeHeld(held)}; BYE in ${seconds} s`);
    signal?.throwIfAborted();
    await sleep(1000);
  }
}

/** Words for the calls that hold a drain up: the first of them by name. */
export function describeHeld(held: readonly HeldCall[]): string {
  const named = held.slice(0, 3).map(({ call, from, to }) => `${call} from ${from} to ${to}`);
  const rest = held.length > named.length ? ` and ${held.length - named.length} more` : '';
  return `waits for ${counted(held.length, 'call')} that can't move: ${named.join(', ')}${rest}`;
}

async function heldCalls(port: DrainPort, host: MediaHostOfCell): Promise<readonly HeldCall[]> {
  return [...(await relayedCalls(port, host)), ...(await featureCalls(port, host))];
}

/** Calls on a relay that can't move. */
async function relayedCalls(port: DrainPort, { name, neighbour }: MediaHostOfCell) {
  if (neighbour !== undefined) return [];
  const [active] = await port.sbcs();
  return callsIn(await port.run(active, askCalls)).filter(({ media }) => media === name);
}

async function featureCalls(port: DrainPort, host: MediaHostOfCell): Promise<readonly HeldCall[]> {
  if (!host.hasFreeswitch || !host.isUp) return [];
  return featureCallsIn(await port.run(host.name, askFreeswitch));
}

/** From the answer to `askFreeswitch`. */
export function featureCallsIn(answer: string): readonly HeldCall[] {
  const { rows = [] } = JSON.parse(answer) as {
    readonly rows?: readonly { readonly uuid: string; readonly cid_num: string; readonly dest: string }[];
  };
  return rows.map(({ uuid, cid_num, dest }) => ({ call: uuid, from: cid_num, to: dest }));
}

async function endHeldCalls(port: DrainPort, host: MediaHostOfCell, held: readonly HeldCall[]): Promise<void> {
  const [active] = await port.sbcs();
  const relayed = await relayedCalls(port, host);
  if (relayed.length > 0) await port.run(active, endCalls(relayed.map(({ id }) => id)));
  if (host.hasFreeswitch && host.isUp) await port.run(host.name, endFreeswitchCalls);
  let left = held;
  await until(
    async () => {
      left = await heldCalls(port, host);
      return left.length === 0;
    },
    patience.end,
    () => `calls of ${host.name} do not end: ${left.map(({ call }) => call).join(', ')}`,
  );
}

async function undrainMediaHost(
  port: DrainPort,
  host: MediaHostOfCell,
  { onProgress, signal }: Pick<DrainOptions, 'onProgress' | 'signal'>,
): Promise<void> {
  const { name, number, neighbour } = host;
  if (neighbour !== undefined) {
    onProgress?.(`${name}: its relay returns`);
    await port.run(name, letRelayHome(number));
    await until(
      async () => (await stateAt(port, name, number)) === 'holds',
      patience.home,
      () => `the relay of ${name} does not return from ${neighbour}`,
      signal,
    );
  }
  if (host.hasFreeswitch) await port.run(name, resumeFreeswitch);
  await putIntoService(port, { hosts: [number], inService: [number] });
}

// --- SBCs

async function drainSbc(
  port: DrainPort,
  host: SbcOfCell,
  hosts: readonly HostOfCell[],
  { onProgress, signal }: DrainOptions,
): Promise<Drained> {
  const other = hosts.find((each): each is SbcOfCell => each.kind === 'sbc' && each.name !== host.name)!;
  const isActive = async (sbc: string) =>
    (await port.hosts()).some((each) => each.kind === 'sbc' && each.name === sbc && each.isActive);
  if (!host.isWithdrawn) {
    if (other.isWithdrawn) {
      throw new OperationFailure(
        `${other.name} is drained, so ${host.name} is the only SBC that takes calls: \`npx cellstamp undrain ${other.name}\` first`,
      );
    }
    // It may be the active one although it does not say so.
    if (host.isUp && !other.isActive) {
      onProgress?.(`${host.name}: waits until ${other.name} knows all registrations and calls`);
      await until(
        async () => (await isActive(other.name)) || (await port.standsBy(other.name)),
        patience.standby,
        () => `${other.name} is not ready to take over, so ${host.name} goes on`,
        signal,
      );
      onProgress?.(`${host.name}: ${other.name} takes over`);
    }
    await port.withdraw(host.name);
    if (!host.isUp)
      return { host: host.name, dead: true, takenOverBy: other.isActive ? other.name : null, moved: 0, ended: [] };
    try {
      await until(
        () => isActive(other.name),
        patience.takeOver,
        () => `${other.name} does not take over from ${host.name}`,
      );
    } catch (error) {
      // Better the one than none.
      await port.readmit(host.name);
      throw error;
    }
  }
  return { host: host.name, dead: !host.isUp, takenOverBy: other.name, moved: 0, ended: [] };
}

async function undrainSbc(
  port: DrainPort,
  { name }: SbcOfCell,
  { onProgress, signal }: Pick<DrainOptions, 'onProgress' | 'signal'>,
): Promise<void> {
  const isActive = async () =>
    (await port.hosts()).some((host) => host.kind === 'sbc' && host.name === name && host.isActive);
  onProgress?.(`${name}: stands by once it knows all registrations and calls`);
  await port.readmit(name);
  await until(
    async () => (await isActive()) || (await port.standsBy(name)),
    patience.standby,
    () => `${name} does not become ready to take over`,
    signal,
  );
}
