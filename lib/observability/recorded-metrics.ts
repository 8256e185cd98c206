/** What Prometheus works out for a cell from the hosts' pages, as plain data: ratios and quantiles over an hour. */
import { noTrunk, sbcPage } from './kamailio-pages.ts';
import { histogramSeries, series } from './metric-page.ts';
import { relayPage } from './relay-page.ts';

interface Recorded {
  readonly unit: string;
  readonly what: string;
  /** What the value is multiplied by. @default 1 */
  readonly times?: number;
  /** A label of the series that the recorded one keeps. @default - it has the label `cell` alone */
  readonly per?: 'trunk';
}

/** A quotient of two increases. */
export interface RecordedRatio extends Recorded {
  /** Series whose sums are divided; a value above a divisor of 0 is unknown. */
  readonly of: string;
  readonly by: string;
}

/** A quotient that is also worked out for each media host and each pool of them. */
export interface MediaRatio extends Omit<RecordedRatio, 'per'> {
  /** Label of these series that names the media host. */
  readonly mediaLabel: 'host' | 'media';
}

export interface RecordedQuantile extends Recorded {
  /** The buckets of a histogram. */
  readonly of: string;
  /** 0 to 1. */
  readonly quantile: number;
}

/** A series with a matcher that its page does not have as a value. */
const matching = (name: 'seizures_total' | 'post_dial_delay', matcher: string): string =>
  `${
    name === 'seizures_total'
      ? series(sbcPage, name)
      : histogramSeries(sbcPage, 'post_dial_delay_milliseconds', 'bucket')
  }{${matcher}}`;

const viaTrunk = `trunk!="${noTrunk}"`;

/** By name, after `cellstamp:` and before `:1h`. */
export const recordedRatios = {
  answer_seizure_ratio: {
    unit: 'ratio, 0 to 1',
    what: 'Calls answered, of those admitted (ITU-T E.425). Busy and unanswered calls count against it.',
    of: series(sbcPage, 'answered_total'),
    by: series(sbcPage, 'setups_total'),
  },
  network_effectiveness_ratio: {
    unit: 'ratio, 0 to 1',
    what: 'Calls that reached the called user, of those admitted (NER of ITU-T E.425): answered, busy, declined, not answered, or given up by the caller.',
    of: matching('seizures_total', 'outcome=~"answered|user"'),
    by: series(sbcPage, 'setups_total'),
  },
  trunk_answer_seizure_ratio: {
    unit: 'ratio, 0 to 1',
    what: 'The first of these for each trunk by which calls leave.',
    of: matching('seizures_total', `outcome="answered", ${viaTrunk}`),
    by: matching('seizures_total', viaTrunk),
    per: 'trunk',
  },
  trunk_network_effectiveness_ratio: {
    unit: 'ratio, 0 to 1',
    what: 'The second of these for each trunk by which calls leave.',
    of: matching('seizures_total', `outcome=~"answered|user", ${viaTrunk}`),
    by: matching('seizures_total', viaTrunk),
    per: 'trunk',
  },
  post_dial_delay: {
    unit: 'seconds',
    what: 'Mean from INVITE to ringing or answer (post-selection delay of ITU-T E.721).',
    of: histogramSeries(sbcPage, 'post_dial_delay_milliseconds', 'sum'),
    by: histogramSeries(sbcPage, 'post_dial_delay_milliseconds', 'count'),
    times: 0.001,
  },
} as const satisfies Readonly<Record<string, RecordedRatio>>;

/** By name, after `cellstamp:` and before `:1h`. */
export const recordedQuantiles = {
  post_dial_delay_p95: {
    unit: 'seconds',
    what: 'The delay that 95 % of calls do not exceed. Within a bucket of the histogram it is interpolated.',
    of: histogramSeries(sbcPage, 'post_dial_delay_milliseconds', 'bucket'),
    quantile: 0.95,
    times: 0.001,
  },
  trunk_post_dial_delay_p95: {
    unit: 'seconds',
    what: 'The same for each trunk by which calls leave.',
    of: matching('post_dial_delay', viaTrunk),
    quantile: 0.95,
    times: 0.001,
    per: 'trunk',
  },
} as const satisfies Readonly<Record<string, RecordedQuantile>>;

/** By name, after `cellstamp:` for the cell, `cellstamp:pool_` for a pool, `cellstamp:host_` for a media host, and before `:1h`. */
export const mediaRatios = {
  mean_opinion_score: {
    unit: 'MOS, 1 to 5',
    what: 'Mean opinion score of calls, as rtpengine estimates it.',
    of: series(relayPage, 'mos_total'),
    by: series(relayPage, 'mos_samples_total'),
    mediaLabel: 'host',
  },
  jitter: {
    unit: 'seconds',
    what: 'Mean jitter of calls that ended, as rtpengine measured it.',
    of: series(sbcPage, 'jitter_milliseconds_total'),
    by: series(sbcPage, 'media_samples_total'),
    times: 0.001,
    mediaLabel: 'media',
  },
  packet_loss: {
    unit: 'ratio, 0 to 1',
    what: 'Packets lost of calls that ended, as rtpengine measured it.',
    of: series(sbcPage, 'loss_percent_total'),
    by: series(sbcPage, 'media_samples_total'),
    times: 0.01,
    mediaLabel: 'media',
  },
  one_way_share: {
    unit: 'ratio, 0 to 1',
    what: 'Calls in which one side alone sent audio, of those that are over.',
    of: series(relayPage, 'one_way_sessions_total'),
    by: series(relayPage, 'sessions_total'),
    mediaLabel: 'host',
  },
} as const satisfies Readonly<Record<string, MediaRatio>>;

/** What a cell’s file allows, so that panels and queries can say how full it is. By name, after `cellstamp:`. */
export const recordedLimits = {
  calls_limit: { unit: 'calls', what: 'Calls that the media hosts relay with one of them lost (media.relay.calls).' },
  setups_limit: { unit: 'calls/s', what: 'Calls that the cell admits in a second (sbc.setupsPerSecond).' },
  trunk_calls_limit: {
    unit: 'calls',
    what: 'Calls that a trunk may have, both directions together (limits.calls), with the label `trunk`.',
  },
} as const;
