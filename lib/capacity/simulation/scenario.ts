import type { AnnouncedEvent } from '../forecast/calendar.ts';
import { DAY_MS, dateOfDay } from '../forecast/time-zone.ts';
import { normal, seededRandom, seedOf } from '../random.ts';
import { weeklyPeak, type Demand } from '../resources.ts';
import { generateTenants, type GeneratedTenant, type Place } from '../tenant-generator.ts';
import { tenantCampaigns, tenantHistory } from '../tenant-history.ts';
import type { Span, TenantTrace, Traffic } from './traffic.ts';

/** A time within a scenario, in hours from the beginning of the simulated days. */
export interface Hours {
  readonly fromHour: number;
  readonly hours: number;
}

/** What happens to a fleet, in words that a person would use. Everything not given does not happen. */
export interface Scenario {
  readonly name: string;
  /** Same seed, same traffic. */
  readonly seed: number;
  /** Days that are simulated, and days of history before them. Whole weeks of history give the best forecasts. */
  readonly days: number;
  readonly historyDays: number;
  /** @default 15 */
  readonly stepMinutes?: number;
  /** Tenants at the beginning. */
  readonly tenants: number;
  /** @default PLACES, all over Europe and America */
  readonly places?: readonly Place[];
  /** Growth of every tenant a week, as a ratio less 1. */
  readonly growthPerWeek?: number;
  /** Tenants that come in each simulated week, evenly over the week. */
  readonly newTenantsPerWeek?: number;
  /** The same traffic at all hours, times a random factor common to all tenants with this standard deviation. */
  readonly steadyWithNoise?: number;
  /**
   * Whether the planner is told of the campaigns that generated tenants make now and then.
   * @default true
   */
  readonly campaignsAnnounced?: boolean;
  /** Some of the tenants call more than they do at other times. */
  readonly spikes?: readonly (Hours & {
    /** Share of the tenants, 0 to 1. */
    readonly tenants: number;
    readonly times: number;
    /** Whether the planner was told. */
    readonly announced: boolean;
  })[];
  readonly lostRegions?: readonly (Hours & { readonly region: string })[];
  readonly outages?: readonly Hours[];
  /** One large tenant calls more than ever, by so many times. */
  readonly noisyTenant?: Hours & { readonly times: number };
}

/** Monday, 2025-03-03: eight weeks on, summer time has begun in Europe and America. */
const START = Date.UTC(2025, 2, 3);

/** The traffic of a described scenario, of generated tenants. */
export function scenarioTraffic(scenario: Scenario): Traffic {
  const { name, seed, days, historyDays, stepMinutes = 15, newTenantsPerWeek = 0 } = scenario;
  const stepsPerHour = 60 / stepMinutes;
  const historySteps = historyDays * 24 * stepsPerHour;
  const steps = historySteps + days * 24 * stepsPerHour;
  const newcomers = Math.floor((newTenantsPerWeek * days) / 7);
  const all = generateTenants({
    count: scenario.tenants + newcomers,
    seed,
    ...(scenario.places && { places: scenario.places }),
  });
  const span = ({ fromHour, hours }: Hours): Span => {
    const from = historySteps + Math.round(fromHour * stepsPerHour);
    return { from, to: from + Math.round(hours * stepsPerHour) };
  };
  const common = steadyFactors(scenario, steps);
  const noisy = scenario.noisyTenant && largest(all.slice(0, scenario.tenants));
  const tenants = all.map((tenant, index): TenantTrace => {
    const newcomer = index - scenario.tenants;
    const calls = common === undefined ? callsOf(tenant, scenario, steps) : steadyCalls(tenant, common);
    const told = common === undefined && scenario.campaignsAnnounced !== false;
    const events: AnnouncedEvent[] = told ? campaignEvents(tenant, (steps * stepMinutes) / 1440) : [];
    for (const [i, spike] of (scenario.spikes ?? []).entries()) {
      if (seededRandom(seedOf(tenant.seed, 1000 + i))() >= spike.tenants) continue;
      multiply(calls, span(spike), spike.times);
      if (spike.announced) {
        const start = START + span(spike).from * stepMinutes * 60_000;
        events.push({ name: `spike ${i + 1}`, start, minutes: spike.hours * 60, times: spike.times });
      }
    }
    if (tenant === noisy) multiply(calls, span(scenario.noisyTenant!), scenario.noisyTenant!.times);
    return {
      id: tenant.name,
      pool: tenant.tier,
      ...(tenant.enterprise !== undefined && { enterprise: tenant.enterprise }),
      regions: [tenant.region],
      contract: tenant.contract,
      arrives: newcomer < 0 ? 0 : historySteps + Math.floor(((newcomer + 0.5) / newcomers) * (steps - historySteps)),
      calls,
      ...usePerCall(tenant),
      events,
    };
  });
  return {
    name,
    start: START,
    stepMinutes,
    historySteps,
    steps,
    tenants,
    outages: (scenario.outages ?? []).map(span),
    lostRegions: (scenario.lostRegions ?? []).map((lost) => ({ ...span(lost), region: lost.region })),
  };
}

function callsOf(
  tenant: GeneratedTenant,
  { stepMinutes = 15, growthPerWeek = 0 }: Scenario,
  steps: number,
): Float32Array {
  const days = (steps * stepMinutes) / 1440;
  return Float32Array.from(
    tenantHistory(tenant, 'relayedCalls', { start: START, days, stepMinutes, growthPerWeek }).values,
  );
}

function campaignEvents(tenant: GeneratedTenant, days: number): AnnouncedEvent[] {
  const firstDay = Math.floor(START / DAY_MS);
  return tenantCampaigns(tenant, firstDay, days).map(({ day, hour, times }) => {
    const local = day * DAY_MS + hour * 3_600_000;
    const start = local - tenant.zone.offsetAt(local) * 60_000;
    return { name: `campaign of ${tenant.name} on ${dateOfDay(day)}`, start, minutes: 60, times };
  });
}

/** Factors around 1, a value a step; undefined where the load is not steady. */
function steadyFactors({ steadyWithNoise, seed }: Scenario, steps: number): Float64Array | undefined {
  if (steadyWithNoise === undefined) return undefined;
  const random = seededRandom(seedOf(seed, 77));
  return Float64Array.from({ length: steps }, () => Math.max(0, 1 + steadyWithNoise * normal(random)));
}

const steadyCalls = (tenant: GeneratedTenant, factors: Float64Array): Float32Array => {
  const level = weeklyPeak(tenant.week).relayedCalls;
  return Float32Array.from(factors, (factor) => level * factor);
};

function multiply(calls: Float32Array, { from, to }: Span, times: number): void {
  for (let step = from; step < Math.min(to, calls.length); step++) calls[step]! *= times;
}

function largest(tenants: readonly GeneratedTenant[]): GeneratedTenant | undefined {
  return tenants.reduce<GeneratedTenant | undefined>(
    (most, tenant) => (most === undefined || tenant.users > most.users ? tenant : most),
    undefined,
  );
}

/** What goes with a relayed call in the tenant's busiest hour. */
function usePerCall({ week }: GeneratedTenant): Pick<TenantTrace, 'perCall' | 'registrations'> {
  const peak: Demand = weeklyPeak(week);
  const per = (amount: number): number => (peak.relayedCalls === 0 ? 0 : amount / peak.relayedCalls);
  return {
    perCall: {
      setups: per(peak.setups),
      relayedCalls: 1,
      mediaSessions: per(peak.mediaSessions),
      recordEvents: per(peak.recordEvents),
      databaseWrites: per(peak.databaseWrites),
    },
    registrations: peak.registrations,
  };
}
