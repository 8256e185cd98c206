/** Figures that stand on a busy machine: processor time instead of the clock's, two sides in turns, medians of their ratios. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export const median = (values: readonly number[]) =>
  [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)]!;

/**
 * Processor time so far, in milliseconds, of the processes in a network namespace that have this word on their command line.
 * @param pid a process in the namespace
 */
export function processorTime(pid: number, word: string): number {
  const network = readlinkSync(`/proc/${pid}/ns/net`);
  let nanoseconds = 0;
  for (const each of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (!readFileSync(`/proc/${each}/cmdline`, 'utf8').split('\0').includes(word)) continue;
      if (readlinkSync(`/proc/${each}/ns/net`) !== network) continue;
      nanoseconds += Number(readFileSync(`/proc/${each}/schedstat`, 'utf8').split(' ')[0]);
    } catch {
      // It ended meanwhile.
    }
  }
  return nanoseconds / 1e6;
}

/**
 * Measures two sides in turns, the first of a round being the second of the next, after a round that only warms up.
 * @returns what was measured, a pair a round
 */
export async function inTurns<T>(
  rounds: number,
  one: () => Promise<T>,
  other: () => Promise<T>,
): Promise<readonly (readonly [T, T])[]> {
  const pairs: (readonly [T, T])[] = [];
  for (let round = 0; round <= rounds; round++) {
    const first = await (round % 2 === 0 ? one : other)();
    const second = await (round % 2 === 0 ? other : one)();
    const pair = round % 2 === 0 ? ([first, second] as const) : ([second, first] as const);
    console.error(`round ${round} of ${rounds}: ${JSON.stringify(pair)}`);
    if (round > 0) pairs.push(pair);
  }
  return pairs;
}
