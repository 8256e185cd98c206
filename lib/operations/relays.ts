/** Which of its two hosts has a relay with its calls, and how it moves. The home host and its neighbour agree upon that themselves. */
import { relaysProgram } from '../software/take-over/paths.ts';
import type { HostCommand } from './host-command.ts';

/** What a media host does with a relay: `holds` its address, `follows` the host that does, or `waits`. */
export type RelayState = 'holds' | 'follows' | 'waits';

/** Asks a media host what it does with its own relay and with that of its guest. */
export const askRelays: HostCommand = { does: 'tell its relays', argv: [relaysProgram, 'list'] };

/** By the relay's number, from the answer to `askRelays`. */
export function relaysIn(answer: string): ReadonlyMap<number, RelayState> {
  const lines = answer.matchAll(/^(\d+) (?:home|neighbour) (holds|follows|waits)/gm);
  return new Map([...lines].map(([, number, state]) => [Number(number), state as RelayState]));
}

/** On its home host: moves a relay to the neighbour, with its calls, and keeps it there. */
export const moveRelay = (number: number): HostCommand => ({
  does: 'move its relay',
  argv: [relaysProgram, 'move', String(number)],
});

/** On its home host: lets a relay come back. */
export const letRelayHome = (number: number): HostCommand => ({
  does: 'take its relay back',
  argv: [relaysProgram, 'home', String(number)],
});
