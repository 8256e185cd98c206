/** What a site is used for in a month, of which its traffic follows. */
import type { CellSpec } from '../../../fleet/schema/cell-types.ts';

export interface Use {
  /** Calls at once in the busy hour, in the mean. */
  readonly busyHourCalls: number;
  /** Minutes of calls in the month. */
  readonly minutes: number;
}

/** Share of the month on a working day, and of the day in its busy hour: an office's. */
const dayToMonth = 1 / 22;
const busyHourToDay = 0.15;

/** Minutes a month of calls that are this many at once in the busy hour: ITU-T E.506, Annex A, solved for M. */
export function minutesOf(busyHourCalls: number): number {
  return (60 * busyHourCalls) / (dayToMonth * busyHourToDay);
}

/** Mean length of a call, in minutes. */
export const callMinutes = 3;

/** Bytes of audio in a packet of 20 ms. RFC 3551, table 4; opus at 40 kbit/s, the upper end of speech in RFC 7587, 3.1.1. */
const payload: Readonly<Record<CellSpec['tenants'][number]['codecs'][number], number>> = {
  PCMU: 160,
  PCMA: 160,
  G722: 160,
  opus: 100,
  G729: 20,
};

/** IP, UDP and RTP (RFC 791, RFC 768, RFC 3550). */
const headers = 20 + 8 + 12;
const packetsPerMinute = 50 * 60;

/**
 * Bytes that a relayed call sends to the internet in a minute: towards both of its ends. Of the tenants' first codecs in the mean, by
 * the calls that they may have; G.711 for a tenant that leaves it to the two ends, and where there are no tenants.
 */
export function relayedBytesPerMinute({ tenants }: Pick<CellSpec, 'tenants'>): number {
  const weights = tenants.map(({ limits, codecs }) => ({ calls: limits.calls, bytes: payload[codecs[0] ?? 'PCMA'] }));
  const calls = weights.reduce((sum, one) => sum + one.calls, 0);
  const mean = calls === 0 ? payload.PCMA : weights.reduce((sum, one) => sum + (one.calls / calls) * one.bytes, 0);
  return 2 * packetsPerMinute * (headers + mean);
}

/** Bytes of signalling that a call sends from an SBC, and from an edge: some ten messages on either side. */
export const signallingBytes = 20_000;

/** Bytes of logs that a call leaves on the hosts that it passes. */
export const logBytes = 2_000;

/** Requests to the database's storage that a call makes: its record, and what the tables' indexes take. */
export const databaseRequests = 10;

/** GB of logs that a host, or an instance of the database, writes in a month without calls. */
export const hostLogGB = 1;

/** GB of tables of a cell: its tenants and a month of call records. */
export const databaseGB = 20;

/** As AWS counts traffic. */
export const gigabytes = (bytes: number): number => bytes / 2 ** 30;
