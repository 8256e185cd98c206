/** Counts of the calls of each cell over a period, as Prometheus has them. */
import { ownFaults, sbcPage } from '../../observability/kamailio-pages.ts';
import { histogramSeries, series } from '../../observability/metric-page.ts';
import { relayPage } from '../../observability/relay-page.ts';
import type { Prometheus } from './client.ts';

const ofReasons = (name: 'rejected_total' | 'ended_total'): string =>
  `${series(sbcPage, name)}{reason=~"${ownFaults[name].join('|')}"}`;

/** Counters, of which each adds up over the hosts of a cell. */
const counters = {
  setups: series(sbcPage, 'setups_total'),
  answered: series(sbcPage, 'answered_total'),
  turnedAway: ofReasons('rejected_total'),
  broken: ofReasons('ended_total'),
  delayMilliseconds: histogramSeries(sbcPage, 'post_dial_delay_milliseconds', 'sum'),
  delays: histogramSeries(sbcPage, 'post_dial_delay_milliseconds', 'count'),
  mos: series(relayPage, 'mos_total'),
  scores: series(relayPage, 'mos_samples_total'),
} as const;

type Counter = keyof typeof counters;

/** These are on a page from its first time on. The others begin with what they first count: until then there are no scores, and no delays. */
const fromZero: readonly Counter[] = ['setups', 'answered', 'turnedAway', 'broken'];

export type CountedCalls = Readonly<Record<Exclude<Counter, 'delayMilliseconds'> | 'delaySeconds', number>>;

/**
 * By cell. A cell whose set-ups or answers are not known is left out, and failures that are not known are NaN: what is missing is not zero.
 *
 * @param cellLabel that names the cell
 * @param from milliseconds since 1970, as `to`
 * @throws PrometheusFailure when the server does not answer
 */
export async function callCounts(
  server: Prometheus,
  cellLabel: string,
  from: number,
  to: number,
): Promise<ReadonlyMap<string, CountedCalls>> {
  const seconds = Math.max(1, Math.round((to - from) / 1000));
  const found = {} as Record<Counter, ReadonlyMap<string, number>>;
  for (const [name, counter] of Object.entries(counters) as [Counter, string][]) {
    const answer = await server.at(`sum by (${cellLabel}) (increase(${counter}[${seconds}s]))`, to / 1000);
    found[name] = new Map(answer.map(({ metric, values }) => [metric[cellLabel] ?? '', Number(values[0]?.[1])]));
  }
  const cells = [...found.setups.keys()].flatMap((cell): [string, CountedCalls][] => {
    const count = (name: Counter) => {
      const value = found[name].get(cell) ?? (fromZero.includes(name) ? NaN : 0);
      return value >= 0 && value < Infinity ? value : NaN;
    };
    const { setups, answered, turnedAway, broken, delays, mos, scores } = Object.fromEntries(
      Object.keys(counters).map((name) => [name, count(name as Counter)]),
    ) as Record<Counter, number>;
    const delaySeconds = count('delayMilliseconds') / 1000;
    const counts = { setups, answered, turnedAway, broken, delaySeconds, delays, mos, scores };
    return Number.isNaN(setups + answered) ? [] : [[cell, counts]];
  });
  return new Map(cells);
}
