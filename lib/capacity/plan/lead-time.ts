/** How long an earlier stamp took. */
export interface StampRecord {
  readonly cell: string;
  /** When the plan asked for it, and when it took calls. */
  readonly startedAt: number;
  readonly readyAt: number;
}

export interface LeadTime {
  readonly hours: number;
  readonly quantile: number;
  readonly basis: string;
}

const HOUR_MS = 3_600_000;

/**
 * How long a stamp takes, at a quantile: the order statistic at which the next stamp is as late or later with the rest of
 * the probability, whatever the distribution (conformal; for 95 % that needs 19 stamps). With fewer it is the longest
 * seen, or what is assumed where that is longer.
 */
export function leadTime(stamped: readonly StampRecord[], quantile: number, assumedHours: number): LeadTime {
  const hours = stamped
    .map(({ startedAt, readyAt }) => (readyAt - startedAt) / HOUR_MS)
    .filter((taken) => taken >= 0)
    .sort((a, b) => a - b);
  const rank = Math.ceil(quantile * (hours.length + 1));
  if (rank <= hours.length) return { hours: hours[rank - 1]!, quantile, basis: `${hours.length} earlier stamps` };
  const longest = hours.at(-1) ?? 0;
  return {
    hours: Math.max(longest, assumedHours),
    quantile,
    basis:
      hours.length === 0
        ? `assumed ${assumedHours} h, no stamp was measured`
        : `the longer of ${Number(longest.toPrecision(3))} h, the longest of ${hours.length} earlier stamps, and ${assumedHours} h assumed`,
  };
}
