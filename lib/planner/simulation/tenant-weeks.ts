import type { History } from '../forecast/history.ts';
import { timeZone } from '../forecast/time-zone.ts';
import { RESOURCES, type WeeklyDemand } from '../resources.ts';
import { tenantWeek } from '../tenant-week.ts';
import { HISTORY_WEEKS } from './cell-histories.ts';
import type { FleetView } from './decider.ts';
import { instantOf } from './fleet.ts';
import { useAt } from './limit-demand.ts';
import type { TenantTrace } from './traffic.ts';
import { DAY_MS } from '../time.ts';

/** Expected weeks of tenants: of calls, and of what goes with them. Recomputed once a day, as one hour changes little. */
export class TenantWeeks {
  readonly #kept = new Map<string, { readonly day: number; readonly week: WeeklyDemand }>();

  of(view: FleetView, tenant: TenantTrace): WeeklyDemand {
    const day = Math.floor(instantOf(view.traffic, view.step) / DAY_MS);
    const kept = this.#kept.get(tenant.id);
    if (kept?.day === day) return kept.week;
    const week = this.#weekOf(view, tenant);
    this.#kept.set(tenant.id, { day, week });
    return week;
  }

  #weekOf(view: FleetView, tenant: TenantTrace): WeeklyDemand {
    const { stepMinutes } = view.traffic;
    const from = Math.max(0, view.step - (HISTORY_WEEKS * 168 * 60) / stepMinutes);
    const values = view.measured(tenant.id).subarray(from);
    const history: History = { zone: UTC, start: instantOf(view.traffic, from), stepMinutes, values };
    const { relayedCalls } = tenantWeek({ relayedCalls: history }, tenant.contract);
    return Object.fromEntries(
      RESOURCES.map((resource) => [resource, relayedCalls.map((calls) => useAt(tenant, calls, resource))]),
    ) as WeeklyDemand;
  }
}

/** A week is in UTC, whatever clock a tenant lives by. */
const UTC = timeZone('UTC');
