/**
 * What users may count on, and how fast failures may use up what is left of it, as plain data.
 *
 * An objective leaves a budget of failures over thirty days. A burn rate says how many times faster than evenly the budget is used: 1 uses
 * it up in thirty days, 14.4 uses 2 % of it in an hour. Rates and windows are those of Google's Site Reliability Workbook, chapter 5,
 * "Alerting on SLOs", section 6: the long window says that it matters, the short one that it still goes on.
 */
import type { AlertKind } from './alert-kinds.ts';

export type LevelName = 'calls' | 'minutes';

/** How long an objective looks back, in days. */
export const budgetDays = 30;

/** Windows of Prometheus' notation over which failures are counted. */
export const windows = ['5m', '30m', '1h', '6h', '3d', '30d'] as const;
export type Window = (typeof windows)[number];

interface BurnAlert {
  readonly kind: AlertKind;
  /** Failures that there must be in the long window: below, chance alone explains them. */
  readonly leastBad: number;
}

export interface ServiceLevel {
  /** What is counted, and which of it is good. */
  readonly what: string;
  /** Share of good events over `budgetDays`, 0 to 1. */
  readonly objective: number;
  readonly alerts: Readonly<Record<BurnName, BurnAlert>>;
}

/** In the order of urgency. */
export const burnRates = {
  fast: { rate: 14.4, long: '1h', short: '5m' },
  slow: { rate: 6, long: '6h', short: '30m' },
  low: { rate: 1, long: '3d', short: '6h' },
} as const satisfies Readonly<Record<string, { readonly rate: number; readonly long: Window; readonly short: Window }>>;

export type BurnName = keyof typeof burnRates;

export const serviceLevels: Readonly<Record<LevelName, ServiceLevel>> = {
  calls: {
    what: 'calls that a cell admits, or turns away by its own fault. Bad are those that it turns away so, or that lose their audio',
    objective: 0.9999,
    alerts: {
      fast: { kind: 'calls-budget-fast', leastBad: 10 },
      slow: { kind: 'calls-budget-slow', leastBad: 20 },
      low: { kind: 'calls-budget-low', leastBad: 50 },
    },
  },
  // In a quiet cell ten failed calls are a day's calls: there the probe's calls count.
  minutes: {
    what: 'minutes of the probe. Bad are those in which no SBC is active, the active one does not answer, or no media host carries audio',
    objective: 0.9999,
    alerts: {
      fast: { kind: 'minutes-budget-fast', leastBad: 2 },
      slow: { kind: 'minutes-budget-slow', leastBad: 4 },
      low: { kind: 'minutes-budget-low', leastBad: 6 },
    },
  },
};

/**
 * Share of bad events above which a budget burns at a rate.
 *
 * @example worstShare(0.9999, 14.4) // 0.00144
 */
export function worstShare(objective: number, rate: number): number {
  return Number(((1 - objective) * rate).toPrecision(6));
}
