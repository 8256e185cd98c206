import type { Scraped } from './prometheus-server.ts';

const SCRAPE_SECONDS = 150;
const FIRST_SCRAPE = 1;

/** What a host exposed over some hours. */
export interface Exposed {
  readonly metric: string;
  /** A part of a histogram counts up as a counter does, under a name without an ending. */
  readonly type: 'counter' | 'gauge' | 'part of a histogram';
  readonly labels: string;
  readonly hours: Float64Array;
  /** Hours in which nothing was scraped. */
  readonly lost?: ReadonlySet<number>;
}

/**
 * OpenMetrics text of what was scraped from `start` on: gauges are the value, others grow by it in a second.
 * Two scrapes in every five minutes, none of them at the edge of an hour.
 */
export function* exposed(start: number, series: readonly Exposed[]): Scraped {
  const types = new Map(series.map(({ metric, type }) => [metric, type]));
  for (const [metric, type] of types) {
    yield `# TYPE ${metric} ${type === 'part of a histogram' ? 'unknown' : type}\n`;
    const sample = type === 'counter' ? `${metric}_total` : metric;
    for (const { labels, hours, lost } of series.filter((one) => one.metric === metric)) {
      let count = 1000;
      for (const [hour, value] of hours.entries()) {
        let lines = '';
        for (let second = FIRST_SCRAPE; second < 3600; second += SCRAPE_SECONDS) {
          if (type !== 'gauge') count += value * SCRAPE_SECONDS;
          if (!lost?.has(hour))
            lines += `${sample}{${labels}} ${type === 'gauge' ? value : count} ${start / 1000 + hour * 3600 + second}\n`;
        }
        yield lines;
      }
    }
  }
}
