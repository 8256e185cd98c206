import type { History } from '../forecast/history.ts';
import { offeredForCarried } from '../teletraffic/erlang.ts';

/** Below this part of what the hosts let in, next to nothing was refused. */
const BUSY = 0.75;
/** Where nearly all places were taken, the traffic can be anything: more than this many times the places is not believed. */
const MOST_TIMES = 1.5;

/**
 * Calls that were offered, of those that were carried: when media hosts were nearly full, others were refused (Erlang B). Callers
 * who tried again are among them. What is above the places was let in by others, and stays.
 *
 * @param places calls that the media hosts let in, all of them up
 */
export function offeredCalls(history: History, places: number): History {
  const full = (value: number): boolean => value >= BUSY * places && value <= places;
  if (!history.values.some(full)) return history;
  const most = MOST_TIMES * places;
  const values = history.values.map((value) =>
    !full(value) ? value : value === places ? most : Math.min(most, offeredForCarried(places, value)),
  );
  return { ...history, values };
}
