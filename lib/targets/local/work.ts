/** What the hosts of a running cell do for calls now, as its active SBC knows. */
import type { Cell } from '../../fleet/derive/cell.ts';
import { askDrained, askLoad, drainedIn, relayedIn } from '../../operations/host-command.ts';
import { paths } from '../../software/kamailio/sbc/paths.ts';
import { shellWords } from '../../software/shell-quote.ts';
import { runInside } from './namespace.ts';
import { isAlive } from './processes.ts';
import { isActive } from './service-notes.ts';
import type { CellState } from './state.ts';
import { isWithdrawn } from './withdrawal.ts';

export interface HostWork {
  /** Calls that go through it now: on a media host those of the relays that it holds; on an SBC those that it routes. */
  readonly calls: number;
  /** Whether it gets no new work. */
  readonly drained: boolean;
  /** Of a media host whose relay is with its neighbour: the name of that host. */
  readonly relayAt?: string;
}

/** Relays that are with their neighbour. */
const askGuests = ['kamcmd', '-s', `unix:${paths.control}`, 'htable.dump', 'guests'];

/** An answer that takes longer is none. Seconds. */
const patience = 3;

/**
 * By the host's name, media hosts and SBCs.
 * @returns nothing while no SBC is active, or it gives no answer
 */
export async function workOf(cell: Cell, state: CellState): Promise<ReadonlyMap<string, HostWork>> {
  const active = cell.sbcs.find(({ name }) => {
    const namespace = state.namespaces[name];
    return namespace !== undefined && isAlive(namespace.init) && isActive(cell.name, name);
  });
  if (active === undefined) return new Map();
  const questions = [askLoad.argv, askDrained.argv, askGuests].map(shellWords).join(' && echo == && ');
  // The time-out is inside: a killed nsenter would leave the program that it started.
  const { status, stdout } = await runInside(state.namespaces[active.name]!.init, [
    ...['timeout', '--signal=KILL', String(patience), 'sh', '-c', questions],
  ]);
  if (status !== 0) return new Map();
  const [load = '', drains = '', guests = ''] = stdout.split(/^==$/m);
  return workIn(cell, active.name, relayedIn(load), drainedIn(drains), drainedIn(guests), (sbc) =>
    isWithdrawn(cell.name, sbc),
  );
}

/**
 * @param relayed calls by the number of the relay
 * @param drained numbers of the media hosts that get no new calls
 * @param away numbers of the relays that are with their neighbour
 */
export function workIn(
  cell: Cell,
  active: string,
  relayed: ReadonlyMap<number, number>,
  drained: ReadonlySet<number>,
  away: ReadonlySet<number>,
  isOut: (sbc: string) => boolean,
): ReadonlyMap<string, HostWork> {
  const calls = (number: number) => relayed.get(number) ?? 0;
  const all = [...relayed.values()].reduce((sum, each) => sum + each, 0);
  return new Map<string, HostWork>([
    ...cell.media.map(({ name, number, guest }): [string, HostWork] => {
      const neighbour = cell.media.find((other) => other.guest === number);
      const isAway = away.has(number) && neighbour !== undefined;
      const ofGuest = guest !== undefined && away.has(guest) ? calls(guest) : 0;
      return [
        name,
        {
          calls: (isAway ? 0 : calls(number)) + ofGuest,
          drained: drained.has(number),
          ...(isAway ? { relayAt: neighbour.name } : {}),
        },
      ];
    }),
    ...cell.sbcs.map(({ name }): [string, HostWork] => [
      name,
      { calls: name === active ? all : 0, drained: isOut(name) },
    ]),
  ]);
}
