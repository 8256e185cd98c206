import type { FleetCell } from './input.ts';

/**
 * Why nobody knows a cell to be there that its file says takes tenants: it is only planned, or it was written down and no calls
 * have proved it since. Undefined where it is there.
 *
 * @param isEmpty no tenant is in the cell; one that has some is there
 */
export function whyAbsent({ spec, signals, provedAt }: FleetCell, isEmpty: boolean): string | undefined {
  const { name, state } = spec;
  if (state === 'planned') return `${name} is planned and not there yet`;
  if (state !== 'active' || !isEmpty || provedAt !== undefined || signals.measuredAt !== undefined) return undefined;
  return `${name} is not known to be there: no calls have proved it, and nothing was measured in it`;
}
