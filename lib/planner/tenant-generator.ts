import { timeZone, type TimeZone } from './forecast/time-zone.ts';
import type { CountryCode } from './holidays.ts';
import { INDUSTRIES, type Industry } from './industries.ts';
import { normal, pick, type Random, seededRandom, seedOf } from './random.ts';
import { type Demand, HOURS_PER_WEEK, RESOURCES, type Resource, weeklyPeak, type WeeklyDemand } from './resources.ts';

/** A made-up tenant that could exist: for benchmarks, simulations and tests. */
export interface GeneratedTenant {
  name: string;
  /** Its group, where it has one: tenants of one enterprise are not to share a cell. */
  enterprise?: string;
  tier: 'standard' | 'high-volume';
  /** AWS region near its users. */
  region: string;
  country: CountryCode;
  zone: TimeZone;
  industry: Industry;
  users: number;
  /** What was sold: the mean busy hour with the salesman's reserve, in every resource. */
  contract: Demand;
  /** Mean use in an ordinary week, without growth, holidays and campaigns; zone offset of `reference`. */
  week: WeeklyDemand;
  /** Everything random in its history follows from this. */
  seed: number;
}

export interface GeneratorOptions {
  count: number;
  /** Same seed, same tenants; and the first tenants are the same for any count. */
  seed: number;
  /**
   * Users of the median tenant; sizes are log-normal.
   * @default 40
   */
  medianUsers?: number;
  /**
   * Standard deviation of the logarithm of the size.
   * @default 1.1 (one tenant of a hundred has 13 times the median)
   */
  sizeSpread?: number;
  /**
   * Places the tenants are in.
   * @default PLACES, all over Europe and America
   */
  places?: readonly Place[];
  /**
   * Instant whose offset from UTC turns local hours into the UTC hours of `week`.
   * @default 2025-01-06
   */
  reference?: number;
}

export interface Place {
  zone: string;
  country: CountryCode;
  region: string;
  share: number;
}

export const PLACES: readonly Place[] = [
  { zone: 'Europe/Berlin', country: 'DE', region: 'eu-central-1', share: 26 },
  { zone: 'Europe/Paris', country: 'FR', region: 'eu-west-3', share: 12 },
  { zone: 'Europe/London', country: 'GB', region: 'eu-west-2', share: 16 },
  { zone: 'Europe/Madrid', country: 'ES', region: 'eu-south-2', share: 7 },
  { zone: 'Europe/Rome', country: 'IT', region: 'eu-south-1', share: 7 },
  { zone: 'America/New_York', country: 'US', region: 'us-east-1', share: 16 },
  { zone: 'America/Chicago', country: 'US', region: 'us-east-2', share: 8 },
  { zone: 'America/Los_Angeles', country: 'US', region: 'us-west-2', share: 8 },
];

/** One tenant in eleven belongs to an enterprise, which then has some five of them. */
const ENTERPRISE_SHARE = 1 / 11;
const TENANTS_PER_ENTERPRISE = 5;
/** Users from which a tenant is sold the high-volume tier: with the default sizes one in twenty. */
const HIGH_VOLUME_USERS = 250;

/** Tenants of many sizes, industries and time zones. */
export function generateTenants(options: GeneratorOptions): GeneratedTenant[] {
  const { count, seed, medianUsers = 40, sizeSpread = 1.1, places = PLACES } = options;
  const reference = options.reference ?? Date.UTC(2025, 0, 6);
  const zones = new Map(places.map(({ zone }) => [zone, timeZone(zone)]));
  return Array.from({ length: count }, (_, index) => {
    const tenantSeed = seedOf(seed, index);
    const random = seededRandom(tenantSeed);
    const place = pick(random, places, ({ share }) => share);
    const zone = zones.get(place.zone)!;
    const industry = pick(random, INDUSTRIES, ({ share }) => share);
    const users = Math.max(2, Math.round(medianUsers * Math.exp(sizeSpread * normal(random))));
    const week = weekOf(random, industry, users, Math.round(zone.offsetAt(reference) / 60));
    const enterprise = Math.floor(random() * Math.max(1, (count * ENTERPRISE_SHARE) / TENANTS_PER_ENTERPRISE));
    return {
      name: `tenant-${String(index).padStart(5, '0')}`,
      ...(random() < ENTERPRISE_SHARE ? { enterprise: `enterprise-${enterprise}` } : {}),
      tier: users >= HIGH_VOLUME_USERS ? 'high-volume' : 'standard',
      region: place.region,
      country: place.country,
      zone,
      industry,
      users,
      contract: sold(weeklyPeak(week), 1.3 * Math.exp(0.25 * normal(random))),
      week,
      seed: tenantSeed,
    };
  });
}

function sold(peak: Demand, reserve: number): Demand {
  const contract = {} as Record<Resource, number>;
  for (const resource of RESOURCES) contract[resource] = peak[resource] * reserve;
  return contract;
}

/** The industry's week with the tenant's own habits: hours shifted, days and hours a little different, other ratios. */
function weekOf(random: Random, industry: Industry, users: number, offsetHours: number): WeeklyDemand {
  const about = (value: number, spread: number): number => value * Math.exp(spread * normal(random));
  const hours = shiftedHours(industry.hours, 0.7 * normal(random)).map((share) => about(share, 0.08));
  const days = industry.days.map((share) => about(share, share < 0.5 ? 0.4 : 0.05));
  const callsPerHour = users * about(industry.callsPerHour, 0.35);
  const minutes = about(industry.minutes, 0.2);
  const processed = Math.min(0.95, about(industry.processed, 0.4));
  const contacts = users * about(1.3, 0.15);
  const alwaysOn = 0.5 + 0.45 * random();
  const recordsPerCall = about(2.6, 0.15);
  const writesPerCall = about(0.05, 0.3);

  const week = Object.fromEntries(RESOURCES.map((name) => [name, new Float64Array(HOURS_PER_WEEK)])) as WeeklyDemand;
  for (let local = 0; local < HOURS_PER_WEEK; local++) {
    const utc = (local - offsetHours + HOURS_PER_WEEK) % HOURS_PER_WEEK;
    const use = hours[local % 24]! * days[Math.floor(local / 24)]!;
    const setups = (callsPerHour * use) / 3600;
    week.setups[utc] = setups;
    week.registrations[utc] = contacts * (alwaysOn + (1 - alwaysOn) * Math.min(1, use));
    week.relayedCalls[utc] = setups * minutes * 60;
    week.mediaSessions[utc] = setups * minutes * 60 * processed;
    // Registrations are refreshed every five minutes; one refresh in a hundred is a change that is written.
    week.recordEvents[utc] = setups * recordsPerCall;
    week.databaseWrites[utc] = setups * writesPerCall + week.registrations[utc]! / 300 / 100;
  }
  return week;
}

/** Hours of a day moved by a fraction of hours, going round at midnight. */
function shiftedHours(hours: readonly number[], by: number): number[] {
  return hours.map((_, hour) => {
    const from = (((hour - by) % 24) + 24) % 24;
    const whole = Math.floor(from);
    const rest = from - whole;
    return hours[whole]! * (1 - rest) + hours[(whole + 1) % 24]! * rest;
  });
}
