/**
 * What is asked of Prometheus, by the series that the generated hosts expose. `$cell` stands for the label that names the cell,
 * `$step` for five minutes.
 */
import { sbcPage } from '../../observability/kamailio-pages.ts';
import { histogramSeries, series } from '../../observability/metric-page.ts';
import { relayPage } from '../../observability/relay-page.ts';
import type { Signals } from '../../planner/plan/input.ts';
import type { Resource } from '../../planner/resources.ts';

export interface Measure {
  /** With its unit. */
  readonly what: string;
  /** Undefined where no generated host exposes it. */
  readonly promql: string | undefined;
}

const sbc = (name: keyof typeof sbcPage.metrics, ...labels: readonly string[]): string =>
  series(sbcPage, name, ...labels);
const relay = (name: keyof typeof relayPage.metrics, ...labels: readonly string[]): string =>
  series(relayPage, name, ...labels);
const delay = (part: 'sum' | 'count'): string => histogramSeries(sbcPage, 'post_dial_delay_milliseconds', part);

/** Of calls, from sums over them: the mean of those of the last minutes. */
const meanOf = (sum: string, samples: string): string =>
  `sum by ($cell) (rate(${sum}[$step])) / (sum by ($cell) (rate(${samples}[$step])) > 0)`;

/** Calls that the SBCs admit count as set-ups; the standby counts none. */
const setups = `sum by ($cell) (rate(${sbc('setups_total')}[$step]))`;

export const RESOURCE_MEASURES = {
  setups: { what: 'call set-ups per second', promql: setups },
  registrations: {
    what: 'registered contacts',
    // Both SBCs know all contacts: the larger count, not the sum.
    promql: `max by ($cell) (avg_over_time(${sbc('contacts')}[$step]))`,
  },
  relayedCalls: {
    what: 'concurrent relayed calls, as the media hosts count them',
    promql: `sum by ($cell) (avg_over_time(${relay('sessions', 'own')}[$step]))`,
  },
  mediaSessions: { what: 'concurrent FreeSWITCH sessions', promql: undefined },
  recordEvents: {
    what: 'call records written to Redis per second',
    promql: `sum by ($cell) (rate(${sbc('records_total', 'sent')}[$step]))`,
  },
  databaseWrites: { what: 'database writes per second', promql: undefined },
} as const satisfies Record<Resource, Measure>;

/** Measured over the last interval before the plan. */
export const SIGNAL_MEASURES = {
  callsByRecords: {
    what: 'concurrent calls, as the SBCs’ own table counts them',
    // Both SBCs know all calls, too.
    promql: `max by ($cell) (avg_over_time(${sbc('calls')}[$step]))`,
  },
  mos: {
    what: 'mean opinion score, 1 to 5',
    promql: meanOf(relay('mos_total'), relay('mos_samples_total')),
  },
  jitterMs: {
    what: 'jitter in milliseconds, of calls that ended',
    promql: meanOf(sbc('jitter_milliseconds_total'), sbc('media_samples_total')),
  },
  loss: {
    what: 'share of the packets lost, 0 to 1, of calls that ended',
    promql: `${meanOf(sbc('loss_percent_total'), sbc('media_samples_total'))} / 100`,
  },
  setupSeconds: {
    what: 'seconds from INVITE to the first ringing or answer',
    promql: `${meanOf(delay('sum'), delay('count'))} / 1000`,
  },
  answerSeizureRatio: {
    what: 'share of the set-ups answered, 0 to 1',
    promql: `sum by ($cell) (rate(${sbc('answered_total')}[$step])) / (${setups} > 0)`,
  },
} as const satisfies Partial<Record<keyof Signals, Measure>>;

/** How many hosts of a cell are in the answer. A sum over fewer than there are would read as a lower load. */
export const HOST_MEASURES = {
  sbcs: { what: 'SBCs whose metrics are there', promql: `count by ($cell) (${sbc('calls')})` },
  mediaHosts: {
    what: 'media hosts whose metrics are there',
    promql: `count by ($cell) (${relay('sessions', 'own')})`,
  },
} as const satisfies Record<string, Measure>;

export type HostMeasure = keyof typeof HOST_MEASURES;

/** The measures whose default query adds up over all hosts of a kind. */
export const SUMMED_OVER: Partial<Readonly<Record<MeasureName, HostMeasure>>> = {
  setups: 'sbcs',
  recordEvents: 'sbcs',
  answerSeizureRatio: 'sbcs',
  relayedCalls: 'mediaHosts',
};

/** Which media hosts get no new calls, by their names. */
export const DRAINED_MEASURE = {
  drainedHosts: {
    what: 'whether a media host is drained, 0 or 1, with its name as the label media',
    promql: `max by ($cell, media) (${sbc('media_host_drained')})`,
  },
} as const satisfies Record<string, Measure>;

export const MEASURES = { ...RESOURCE_MEASURES, ...SIGNAL_MEASURES, ...HOST_MEASURES, ...DRAINED_MEASURE };

export type MeasureName = keyof typeof MEASURES;

/** The shortest time over which rates are taken; a scrape interval of two minutes and less gives it two samples. */
const FINEST_MINUTES = 5;

const filledIn = (query: string, cellLabel: string): string =>
  query.replaceAll('$cell', cellLabel).replaceAll('$step', `${FINEST_MINUTES}m`);

/** The query over the last minutes. */
export const atInstant = filledIn;

/**
 * The query as means over intervals. An interval of which less than half was measured is left out: a rate over a range with
 * a hole in it would be too low, and a hole is not zero.
 */
export function overIntervals(query: string, cellLabel: string, stepMinutes: number): string {
  const fine = filledIn(query, cellLabel);
  if (stepMinutes <= FINEST_MINUTES) return fine;
  // A minute short of the interval: its first point belongs to the one before, whether ranges include their start or not.
  const points = `(${fine})[${stepMinutes - 1}m:${FINEST_MINUTES}m]`;
  return `avg_over_time(${points}) and count_over_time(${points}) >= ${Math.ceil(stepMinutes / FINEST_MINUTES / 2)}`;
}
