import type { FleetTenant } from './input.ts';
import { DAY_MS } from '../time.ts';

/** A forecast has learned a new tenant's part of its cell after a week. */
const SETTLED_MS = 7 * DAY_MS;

/** Tenants that the forecast of their cell knows. */
export const settledOf = (tenants: readonly FleetTenant[], now: number): readonly FleetTenant[] =>
  tenants.filter(({ since }) => since === undefined || since <= now - SETTLED_MS);
