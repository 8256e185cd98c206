import { counted } from '../../config-file/counted.ts';
import { HOUR_MS } from '../time.ts';

/** How long an earlier stamp took. */
export interface StampRecord {
  readonly cell: string;
  /** When the plan asked for it, and when it took calls. */
  readonly startedAt: number;
  readonly readyAt: number;
}

/**
 * The stamps that are known: those that were written down, and of other cells what plans asked for and calls have proved since.
 *
 * @param provedAt when calls first proved a cell, milliseconds since 1970 UTC; undefined where it is not known
 * @param stampedAt when a plan asked for a cell, ISO 8601
 */
export function stampRecords(
  written: readonly StampRecord[],
  cells: readonly { readonly name: string; readonly provedAt: number | undefined }[],
  stampedAt: (cell: string) => string | undefined,
): StampRecord[] {
  const known = new Set(written.map(({ cell }) => cell));
  const proved = cells.flatMap(({ name, provedAt }) => {
    const asked = stampedAt(name);
    return asked === undefined || provedAt === undefined || known.has(name)
      ? []
      : [{ cell: name, startedAt: Date.parse(asked), readyAt: provedAt }];
  });
  return [...written, ...proved];
}

export interface LeadTime {
  readonly hours: number;
  readonly quantile: number;
  readonly basis: string;
}

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
  const earlier = counted(hours.length, 'earlier stamp');
  if (rank <= hours.length) return { hours: hours[rank - 1]!, quantile, basis: earlier };
  const longest = hours.at(-1) ?? 0;
  return {
    hours: Math.max(longest, assumedHours),
    quantile,
    basis:
      hours.length === 0
        ? `assumed ${assumedHours} h, no stamp was measured`
        : `the longer of ${Number(longest.toPrecision(3))} h, the longest of ${earlier}, and ${assumedHours} h assumed`,
  };
}
