/** Availability of hosts that stand in for one another: shares of time, 0 to 1, in which they are not there. */
import type { Assumed } from './assumptions.ts';

export const minutesPerYear = 365.25 * 24 * 60;

/** Parts that are all needed, and fail independently. */
export function series(unavailable: readonly number[]): number {
  return 1 - unavailable.reduce((available, one) => available * (1 - one), 1);
}

/**
 * Share of time in which one host is away: outage / (outage + time until the next failure).
 *
 * @param failures a year
 * @param outage minutes
 */
export function hostAway(failures: number, outage: number): number {
  return failures === 0 ? 0 : outage / (outage + minutesPerYear / failures);
}

export interface Group {
  readonly hosts: number;
  /** With fewer, a part of the work is not done: the share that is missing of what this number of hosts carries. */
  readonly needed: number;
}

/**
 * Share of the work of a group that is not done. A share of failures has a cause that all hosts have in common and takes all at once (the
 * beta factor of IEC 61508-6, annex D); the others are independent.
 *
 * @throws RangeError unless 1 <= needed <= hosts, both whole
 */
export function groupAway({ hosts, needed }: Group, assumed: Assumed): number {
  if (!Number.isInteger(hosts) || !Number.isInteger(needed) || needed < 1 || needed > hosts) {
    throw new RangeError(`needed must be a whole number from 1 to the number of hosts, got ${needed} of ${hosts}`);
  }
  const shared = assumed['shared-cause'];
  const failures = assumed['host-failures'];
  const alone = hostAway(failures * (1 - shared), assumed['host-outage']);
  const missing = hostsUp(hosts, 1 - alone).map((chance, up) => chance * Math.max(0, 1 - up / needed));
  const together = hostAway(failures * shared, assumed['host-outage']);
  return series([missing.reduce((sum, one) => sum + one, 0), together]);
}

/** Chance that 0, 1, ... of the hosts are up, each with the same chance on its own. */
function hostsUp(hosts: number, up: number): readonly number[] {
  return countOf(Array.from({ length: hosts }, () => up));
}

/** Chance that 0, 1, ... of independent events happen, each with its own chance (Poisson's binomial distribution). */
export function countOf(chances: readonly number[]): readonly number[] {
  return chances.reduce<readonly number[]>(
    (counts, chance) => [...counts, 0].map((same, at) => same * (1 - chance) + (counts[at - 1] ?? 0) * chance),
    [1],
  );
}
