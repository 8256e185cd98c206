import type { Forecast } from '../forecast.ts';
import { HOURS_PER_WEEK } from '../resources.ts';

const HOUR_MS = 3_600_000;
/** 1970-01-01 was a Thursday: this many hours after Monday 00:00 UTC. */
const EPOCH_HOUR = 72;

/**
 * One quantile of a forecast as the 168 UTC hours of a week from Monday 00:00 on, the form placement works with. Of
 * intervals shorter than an hour the highest counts.
 *
 * @param level one of the forecast's levels
 * @param from instant the seven days begin
 * @default from - the start of the forecast
 * @throws RangeError for a level that was not forecast, and where the forecast does not reach seven days on
 */
export function hoursOfWeek(forecast: Forecast, level: number, from: number = forecast.start): Float64Array {
  const values = forecast.quantiles[forecast.levels.indexOf(level)];
  if (!values) throw new RangeError(`level must be one of ${forecast.levels.join(', ')}, got ${level}`);
  const step = (forecast.stepMinutes * HOUR_MS) / 60;
  const first = Math.ceil((from - forecast.start) / step);
  const end = first + (HOURS_PER_WEEK * HOUR_MS) / step;
  if (first < 0 || end > values.length) {
    throw new RangeError(`the forecast has ${values.length} intervals, asked for were ${first} to ${end}`);
  }
  const week = new Float64Array(HOURS_PER_WEEK).fill(NaN);
  for (let i = first; i < end; i++) {
    const hour = (Math.floor((forecast.start + i * step) / HOUR_MS) + EPOCH_HOUR) % HOURS_PER_WEEK;
    if (!(week[hour]! >= values[i]!)) week[hour] = values[i]!;
  }
  return week;
}
