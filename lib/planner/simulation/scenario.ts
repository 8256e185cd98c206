import type { AnnouncedEvent } from '../forecast/calendar.ts';
import { dateOfDay } from '../forecast/time-zone.ts';
import { normal, seededRandom, seedOf } from '../random.ts';
import { weeklyPeak, type Demand } from '../resources.ts';
import { generateTenants, type GeneratedTenant } from '../tenant-generator.ts';
import { tenantCampaigns, tenantHistory } from '../tenant-history.ts';
import type { Scenario } from './scenario-schema.ts';
import type { Span, TenantTrace, Traffic } from './traffic.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../time.ts';

/** A time within a scenario, in hours from the beginning of the simulated days. */
interface Hours {
  readonly fromHour: number;
  readonly hours: number;
}

/** Monday, 2025-03-03: eight weeks on, summer time has begun in Europe and America. */
const START = Date.UTC(2025, 2, 3);

/** The traffic of a described scenario, of generated tenants. */
export function scenarioTraffic(scenario: Scenario): Traffic {
  const { name, seed, days, historyDays, stepMinutes, newTenantsPerWeek } = scenario;
  const stepsPerHour = 60 / stepMinutes;
  const historySteps = historyDays * 24 * stepsPerHour;
  const steps = historySteps + days * 24 * stepsPerHour;
  const newcomers = Math.floor((newTenantsPerWeek * days) / 7);
  const all = generateTenants({
    count: scenario.tenants + newcomers,
    seed,
    ...(scenario.places && { places: scenario.places }),
  });
  const span = spanIn(historySteps, stepMinutes);
  const common = steadyFactors(scenario, steps);
  const noisy = scenario.noisyTenant && largest(all.slice(0, scenario.tenants));
  const tenants = all.map((tenant, index): TenantTrace => {
    const newcomer = index - scenario.tenants;
    const calls = common === undefined ? callsOf(tenant, scenario, steps) : steadyCalls(tenant, common);
    const told = common === undefined && scenario.campaignsAnnounced;
    const events: AnnouncedEvent[] = told ? campaignEvents(tenant, (steps * stepMinutes) / 1440) : [];
    for (const [i, spike] of scenario.spikes.entries()) {
      if (seededRandom(seedOf(tenant.seed, 1000 + i))() >= spike.tenants) continue;
      multiply(calls, span(spike), spike.times);
      if (spike.announced) {
        const start = START + span(spike).from * stepMinutes * MINUTE_MS;
        events.push({ name: `spike ${i + 1}`, start, minutes: spike.hours * 60, times: spike.times });
      }
    }
    if (tenant === noisy) multiply(calls, span(scenario.noisyTenant!), scenario.noisyTenant!.times);
    return {
      id: tenant.name,
      pool: tenant.tier,
      ...(scenario.enterprises && tenant.enterprise !== undefined && { enterprise: tenant.enterprise }),
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
    ...breaksOf(scenario, historySteps, stepMinutes),
  };
}

/** What breaks in a scenario, on a grid of steps. */
export function breaksOf(
  { outages, lostRegions }: Scenario,
  historySteps: number,
  stepMinutes: number,
): Pick<Traffic, 'outages' | 'lostRegions'> {
  const span = spanIn(historySteps, stepMinutes);
  return {
    outages: outages.map(span),
    lostRegions: lostRegions.map((lost) => ({ ...span(lost), region: lost.region })),
  };
}

const spanIn =
  (historySteps: number, stepMinutes: number) =>
  ({ fromHour, hours }: Hours): Span => {
    const from = historySteps + Math.round((fromHour * 60) / stepMinutes);
    return { from, to: from + Math.round((hours * 60) / stepMinutes) };
  };

function callsOf(tenant: GeneratedTenant, { stepMinutes, growthPerWeek }: Scenario, steps: number): Float32Array {
  const days = (steps * stepMinutes) / 1440;
  return Float32Array.from(
    tenantHistory(tenant, 'relayedCalls', { start: START, days, stepMinutes, growthPerWeek }).values,
  );
}

function campaignEvents(tenant: GeneratedTenant, days: number): AnnouncedEvent[] {
  const firstDay = Math.floor(START / DAY_MS);
  return tenantCampaigns(tenant, firstDay, days).map(({ day, hour, times }) => {
    const local = day * DAY_MS + hour * HOUR_MS;
    const start = local - tenant.zone.offsetAt(local) * MINUTE_MS;
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
