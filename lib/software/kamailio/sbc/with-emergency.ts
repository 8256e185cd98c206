/** What other sections of an SBC's configuration need to know of emergency calls. */
import type { Cell } from '../../../fleet/derive/cell.ts';
import { countries, emergencyAnywhere } from '../../../fleet/countries.ts';

type Emergency = Pick<Cell, 'spec'>;

/** Whether the cell takes emergency calls. */
export const hasEmergency = ({ spec }: Emergency): boolean => Object.keys(spec.emergency).length > 0;

/** Text of a configuration that only a cell with emergency calls has. */
export const withEmergency = (cell: Emergency, text: string): string => (hasEmergency(cell) ? text : '');

/** An emergency call ends by itself only after a day. */
export const longestEmergencySeconds = 86_400;

/**
 * What whoever is banned may still send in emergency calls: `every` is the seconds for one more request, `burst` the most at once. A call takes one
 * of its user's, and two of its source's: without credentials, and with them.
 */
export const bannedInEmergency = {
  login: { every: 10, burst: 3 },
  source: { every: 5, burst: 4 },
  /** What belongs to one call: ACK, BYE, session timers, key presses, and their repetitions. */
  call: { every: 1, burst: 20 },
} as const;

/** All that anybody of the cell may dial, and what Kamailio takes for the user of `urn:service:sos`. */
export function emergencyPattern({ spec }: Emergency): string {
  const numbers = Object.keys(spec.emergency).flatMap((code) => countries[code]!.emergency.map(([number]) => number));
  return `^(${[...new Set([...emergencyAnywhere, ...numbers, 'service'])].sort().join('|')})$`;
}
