import { cellBurstSeconds } from '../fleet/schema/fixed.ts';
import type { SharedLimit } from './shared-limits.ts';
import type { Resource } from './resources.ts';
import { requireNonNegative } from './teletraffic/arguments.ts';
import { erlangB, linesForErlangB, trafficForErlangB } from './teletraffic/erlang.ts';
import { MOST_TOKENS, rateForRefused, type TokenBucket } from './teletraffic/token-bucket.ts';

/** So few calls may be lost in the busiest hour that the demand quantile stands for. */
export interface GradeOfService {
  readonly name: 'gradeOfService';
  /** Share of calls that may find no circuit, or no token for their set-up, between 0 and 1. */
  readonly blocking: number;
  /** Quantile of the forecast that is planned for. */
  readonly quantile: number;
}

/** What is bought in the trade by habit: peak x 1.5 x (1 + growth) x 1.2. */
export interface TelecomRule {
  readonly name: 'telecomRule';
  readonly peakTimes: number;
  /** Growth to be expected besides what the forecast shows, as a ratio less 1. */
  readonly growth: number;
  readonly spareTimes: number;
  readonly quantile: number;
}

/** A share of every limit stays free. */
export interface FixedHeadroom {
  readonly name: 'fixedHeadroom';
  /** 0 to less than 1. */
  readonly free: number;
  readonly quantile: number;
}

/** How much is bought for a demand: data, with {@link linesFor} as its meaning. */
export type Policy = GradeOfService | TelecomRule | FixedHeadroom;

/** The policies by name, with their default numbers; `gradeOfService` is the default. */
export const POLICIES = {
  gradeOfService: { name: 'gradeOfService', blocking: 0.01, quantile: 0.99 },
  telecomRule: { name: 'telecomRule', peakTimes: 1.5, growth: 0, spareTimes: 1.2, quantile: 0.5 },
  fixedHeadroom: { name: 'fixedHeadroom', free: 0.3, quantile: 0.95 },
} as const satisfies { readonly [P in Policy as P['name']]: P };

/** @throws RangeError for a number outside its range */
export function requirePolicy(policy: Policy): void {
  const between = (name: string, value: number, low: number, high: number, includingLow = false): void => {
    const above = includingLow ? value >= low : value > low;
    if (!(above && value < high)) {
      throw new RangeError(
        `${name} of policy ${policy.name} must be ${includingLow ? 'at least' : 'above'} ${low} and below ${high}, got ${value}`,
      );
    }
  };
  between('quantile', policy.quantile, 0, 1);
  if (policy.name === 'gradeOfService') between('blocking', policy.blocking, 0, 1);
  else if (policy.name === 'fixedHeadroom') between('free', policy.free, 0, 1, true);
  else {
    between('peakTimes', policy.peakTimes, 0, Infinity);
    between('growth', policy.growth, -1, Infinity);
    between('spareTimes', policy.spareTimes, 0, Infinity);
  }
}

const timesOf = ({ peakTimes, growth, spareTimes }: TelecomRule): number => peakTimes * (1 + growth) * spareTimes;

/**
 * The circuits that a policy buys for a traffic.
 *
 * @param erlangs mean number in use in the busiest hour
 */
export function linesFor(policy: Policy, erlangs: number): number {
  requireNonNegative('erlangs', erlangs);
  if (policy.name === 'gradeOfService') return linesForErlangB(erlangs, policy.blocking);
  // The numbers are decimal fractions, and 1000 x 1.5 x 1.2 is to be 1800, not the next above.
  const exact = policy.name === 'telecomRule' ? erlangs * timesOf(policy) : erlangs / (1 - policy.free);
  return Math.ceil(Number(exact.toPrecision(12)));
}

/** The traffic that a number of circuits carries under a policy: the inverse of {@link linesFor}. */
export function trafficFor(policy: Policy, lines: number): number {
  requireNonNegative('lines', lines);
  if (policy.name === 'gradeOfService') return trafficForErlangB(lines, policy.blocking);
  return policy.name === 'telecomRule' ? lines / timesOf(policy) : lines * (1 - policy.free);
}

/** What a policy buys for a traffic, and what that is worth. */
export interface Purchase {
  readonly lines: number;
  /** Share of the calls of the busiest hour that find all lines busy (Erlang B). */
  readonly blocking: number;
}

/** @example gradeOfServiceOf(POLICIES.telecomRule, 2).blocking // 0.095: of 2 erlangs one call in ten is lost */
export function gradeOfServiceOf(policy: Policy, erlangs: number): Purchase {
  const lines = linesFor(policy, erlangs);
  return { lines, blocking: erlangs === 0 ? 0 : erlangB(lines, erlangs) };
}

/** Contacts are there or not; nothing about them comes and goes within an hour by chance. */
const COUNTED: ReadonlySet<Resource> = new Set(['registrations']);

/** What is done at once and holds no place: a limit on it refuses, or keeps waiting, what comes faster for longer. */
const RATES: ReadonlySet<Resource> = new Set(['setups', 'recordEvents', 'databaseWrites']);

/** What the forecast of a resource may reach for a shared limit under a policy. */
export function usableLimit(policy: Policy, { resource, limit }: Pick<SharedLimit, 'resource' | 'limit'>): number {
  if (limit === 0) return 0;
  if (policy.name !== 'gradeOfService') return trafficFor(policy, limit);
  if (COUNTED.has(resource)) return limit;
  if (!RATES.has(resource)) return trafficFor(policy, limit);
  // Never above the rate itself, although a deep bucket would refuse less: a processor or a store would fall behind for good.
  return Math.min(limit, rateForRefused(bucketOf(limit), policy.blocking));
}

/** The SBC's bucket of call set-ups; stores are given a second to catch up too. */
const bucketOf = (limit: number): TokenBucket => ({
  rate: limit,
  burst: Math.min(Math.max(1, Math.floor(limit * cellBurstSeconds)), MOST_TOKENS),
});
