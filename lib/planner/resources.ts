/**
 * What tenants use of a cell. Every part of the planner counts in these six resources.
 *
 * | resource | unit |
 * | --- | --- |
 * | `setups` | call set-ups per second (INVITEs that start a dialog) |
 * | `registrations` | registered contacts |
 * | `relayedCalls` | concurrent calls whose audio a media host relays |
 * | `mediaSessions` | concurrent FreeSWITCH sessions, transcoding included |
 * | `recordEvents` | Redis operations per second |
 * | `databaseWrites` | database writes per second |
 */
export const RESOURCES = [
  'setups',
  'registrations',
  'relayedCalls',
  'mediaSessions',
  'recordEvents',
  'databaseWrites',
] as const;

export type Resource = (typeof RESOURCES)[number];

/** One amount of every resource: a peak, a limit, or the use in one hour. Never negative. */
export type Demand = Readonly<Record<Resource, number>>;

export const HOURS_PER_WEEK = 168;

/**
 * The use of every resource in each hour of a week: 168 values each, hour 0 is Monday 00:00 to
 * 01:00 **UTC**, so that tenants of different time zones can be added up.
 */
export type WeeklyDemand = Readonly<Record<Resource, Float64Array>>;

/** The same amount of every resource. */
export const evenDemand = (amount: number): Demand => ({
  setups: amount,
  registrations: amount,
  relayedCalls: amount,
  mediaSessions: amount,
  recordEvents: amount,
  databaseWrites: amount,
});

/** The largest hour of a week in every resource; the hours of different resources may differ. */
export function weeklyPeak(week: WeeklyDemand): Demand {
  const peak = { ...evenDemand(0) } as Record<Resource, number>;
  for (const resource of RESOURCES) {
    for (const value of week[resource]) if (value > peak[resource]) peak[resource] = value;
  }
  return peak;
}

/** Nothing of anything, to be filled. */
export const emptyWeek = (): WeeklyDemand =>
  Object.fromEntries(RESOURCES.map((resource) => [resource, new Float64Array(HOURS_PER_WEEK)])) as WeeklyDemand;
