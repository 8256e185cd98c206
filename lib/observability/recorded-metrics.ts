/** What Prometheus works out for a cell from the hosts' pages, as plain data: a quotient of two increases over an hour. */
import { sbcPage } from './kamailio-pages.ts';
import { series } from './metric-page.ts';
import { relayPage } from './relay-page.ts';

export interface RecordedRatio {
  readonly unit: string;
  readonly what: string;
  /** Series whose sums are divided; a value above a divisor of 0 is unknown. */
  readonly of: string;
  readonly by: string;
  /** What the quotient is multiplied by. @default 1 */
  readonly times?: number;
}

/** By name, after `cellstamp:` and before `:1h`. */
export const recordedRatios = {
  answer_seizure_ratio: {
    unit: 'ratio, 0 to 1',
    what: 'Calls answered, of those admitted (ITU-T E.425). Busy and unanswered calls count against it.',
    of: series(sbcPage, 'answered_total'),
    by: series(sbcPage, 'setups_total'),
  },
  post_dial_delay: {
    unit: 'seconds',
    what: 'Mean from INVITE to ringing or answer (post-selection delay of ITU-T E.721).',
    of: series(sbcPage, 'post_dial_delay_milliseconds_total'),
    by: series(sbcPage, 'post_dial_delay_samples_total'),
    times: 0.001,
  },
  mean_opinion_score: {
    unit: 'MOS, 1 to 5',
    what: 'Mean opinion score of calls, as rtpengine estimates it.',
    of: series(relayPage, 'mos_total'),
    by: series(relayPage, 'mos_samples_total'),
  },
} as const satisfies Readonly<Record<string, RecordedRatio>>;
