/** What a person writes in a scenario file: what happens to a fleet. Everything not given does not happen. */
import { z } from 'zod';
import { counted } from '../../config-file/counted.ts';
import { cellSchema, completeCell, type CellSpec } from '../../fleet/schema/cell.ts';
import { text } from '../../config-file/fields.ts';
import { awsRegion } from '../../fleet/schema/targets/aws.ts';
import { writtenForm } from '../../config-file/written-form.ts';
import { cellRules } from '../../fleet/rules/rules.ts';
import type { Violation } from '../../config-file/rule.ts';
import { timeZone } from '../forecast/time-zone.ts';
import { HOLIDAY_COUNTRIES } from '../holidays.ts';
import { PLACES } from '../tenant-generator.ts';
import { USUAL } from './fleet.ts';

const hours = (most: number, what: string) => z.number().min(0).max(most).describe(what);
const fromHour = hours(8760, 'Hours from the beginning of the simulated days.');
const lasts = z.number().min(0.25).max(8760).describe('How long, in hours.');
const times = z.number().min(0).max(1000).describe('Times the ordinary calls.');
const zone = text(
  /^[A-Z][A-Za-z_]+(\/[A-Z][A-Za-z0-9_+-]+){1,2}$/,
  'must be an IANA time zone, for example Europe/Berlin',
);

const place = z.strictObject({
  zone: zone.describe('Time zone of the tenants.'),
  country: z.enum(HOLIDAY_COUNTRIES as [string, ...string[]]).describe('Whose public holidays they keep.'),
  region: awsRegion.describe('AWS region of their cells.'),
  share: z
    .number()
    .min(0.001)
    .max(1000)
    .describe('How many of the tenants are there, against the shares of the others.'),
});

const cell = z
  .strictObject({
    ...cellSchema.pick({ size: true, maxTenants: true, sbc: true, media: true, aws: true }).shape,
    costPerHour: z.number().min(0).max(1_000_000).default(10).describe('Cost of a whole cell an hour.'),
    hostShare: z
      .number()
      .min(0)
      .max(1)
      .default(0.15)
      .describe('Share of the cost that one media host has, 0 to 1; all of them together at most 1.'),
    leastHosts: z
      .int()
      .min(1)
      .max(32)
      .optional()
      .describe('Media hosts that every pool keeps in service. Default: all of them, nothing is elastic.'),
    headroom: z
      .number()
      .min(0)
      .max(0.9)
      .default(0.1)
      .describe('Share of every limit that the cells have to spare in the beginning, 0 to 0.9.'),
  })
  .prefault({})
  .describe('The kind of cell that every region has, as in a cell’s file, and what it costs.');

const circumstances = z
  .strictObject({
    stampHours: z
      .strictObject({
        median: z.number().min(0.25).max(2000).default(USUAL.stampHours.median).describe('Median, in hours.'),
        spread: z.number().min(0).max(2).default(USUAL.stampHours.spread).describe('Spread of the logarithm.'),
      })
      .prefault({})
      .describe('Time from the order to stamp until the cell takes calls: a log-normal distribution.'),
    stampFailures: z
      .number()
      .min(0)
      .max(1)
      .default(USUAL.stampFailures)
      .describe('Share of the stamps that fail, 0 to 1.'),
    hostMinutes: z
      .number()
      .min(0)
      .max(1440)
      .default(USUAL.hostMinutes)
      .describe('Minutes until an ordered media host serves.'),
    hostFailureHours: z
      .number()
      .min(1)
      .max(1_000_000_000)
      .default(USUAL.hostFailureHours)
      .describe('Mean hours between failures of one media host.'),
    hostRepairHours: z
      .number()
      .min(0.1)
      .max(10_000)
      .default(USUAL.hostRepairHours)
      .describe('Mean hours until a failed media host is back.'),
  })
  .prefault({})
  .describe('How long things take, and how often they break.');

export const scenarioSchema = z
  .strictObject({
    name: text(/^\S(.{0,62}\S)?$/, 'must be 1 to 64 characters').describe('Name of the scenario.'),
    seed: z.int().min(0).max(4_294_967_295).default(1).describe('Same seed, same traffic and same failures.'),
    days: z.int().min(1).max(365).describe('Days that are simulated.'),
    historyDays: z
      .int()
      .min(1)
      .max(365)
      .default(28)
      .describe('Days before them, which deciders know. Whole weeks give the best forecasts.'),
    stepMinutes: z
      .union([5, 10, 15, 20, 30, 60].map((n) => z.literal(n)) as [z.ZodLiteral<number>, z.ZodLiteral<number>])
      .default(15)
      .describe('Length of a step in minutes.'),
    tenants: z.int().min(0).max(20_000).describe('Tenants at the beginning.'),
    places: z
      .array(place)
      .min(1)
      .max(100)
      .optional()
      .describe(`Where they are. Default: ${PLACES.length} places in Europe and America.`),
    enterprises: z
      .boolean()
      .default(true)
      .describe(
        'Whether some tenants belong to enterprises, whose tenants never share a cell: a small fleet then needs many cells.',
      ),
    growthPerWeek: z.number().min(-0.5).max(1).default(0).describe('Growth of every tenant a week, as a ratio less 1.'),
    newTenantsPerWeek: z
      .number()
      .min(0)
      .max(10_000)
      .default(0)
      .describe('Tenants that come in each simulated week, evenly over the week.'),
    steadyWithNoise: z
      .number()
      .min(0)
      .max(1)
      .optional()
      .describe(
        'The same traffic at all hours, times a random factor that all tenants share, of this standard deviation. Default: tenants call as people do.',
      ),
    campaignsAnnounced: z
      .boolean()
      .default(true)
      .describe('Whether tenants announce their occasional campaigns to the planner.'),
    spikes: z
      .array(
        z.strictObject({
          fromHour,
          hours: lasts,
          tenants: z.number().min(0).max(1).describe('Share of the tenants, 0 to 1.'),
          times,
          announced: z.boolean().default(false).describe('Whether it was announced to the planner.'),
        }),
      )
      .max(1000)
      .default([])
      .describe('Some of the tenants call more than they do at other times.'),
    lostRegions: z
      .array(z.strictObject({ region: awsRegion.describe('AWS region.'), fromHour, hours: lasts }))
      .max(100)
      .default([])
      .describe('Regions that are lost for a time: no calls there, and no measurements.'),
    outages: z
      .array(z.strictObject({ fromHour, hours: lasts }))
      .max(1000)
      .default([])
      .describe('Times in which nothing is measured; calls go on.'),
    noisyTenant: z
      .strictObject({ fromHour, hours: lasts, times })
      .optional()
      .describe('The largest tenant calls more than ever. Default: none does.'),
    cell,
    circumstances,
    target: z
      .number()
      .min(0.00001)
      .max(0.5)
      .default(0.01)
      .describe('A cell is short while, with one media host lost, it would lose more than this share of its calls.'),
  })
  .meta({ title: 'Cellstamp scenario', description: 'What happens to a simulated fleet.' });

/** A scenario as written. */
export type ScenarioInput = z.input<typeof scenarioSchema>;
/** A scenario with every default filled in. */
export type Scenario = z.output<typeof scenarioSchema>;

export const scenarioJsonSchema = writtenForm(scenarioSchema);

/**
 * @throws z.ZodError when a value is not allowed; rules between values are not checked here
 * @example parseScenario({ name: 'growth', days: 42, tenants: 300, growthPerWeek: 0.02 })
 */
export const parseScenario = (written: ScenarioInput): Scenario => scenarioSchema.parse(written);

/** What the values of a scenario must be to one another: its cell by the rules of cells, and what happens within its days. */
export function* scenarioRules(scenario: Scenario): Iterable<Violation> {
  const { days, lostRegions, places = PLACES, spikes, outages, noisyTenant } = scenario;
  for (const [index, { zone: name }] of places.entries()) {
    try {
      timeZone(name);
    } catch {
      const allowed = 'an IANA time zone, for example Europe/Berlin';
      yield { path: ['places', index, 'zone'], message: `there is no time zone ${name}`, allowed };
    }
  }
  const regions = [...new Set(places.map((one) => one.region))];
  for (const [index, lost] of lostRegions.entries()) {
    if (regions.includes(lost.region)) continue;
    const path = ['lostRegions', index, 'region'];
    yield { path, message: `no tenant is in ${lost.region}`, allowed: regions.join(', ') };
  }
  const happenings = [
    ...Object.entries({ spikes, lostRegions, outages }).flatMap(([key, list]) =>
      list.map((one, index) => ({ path: [key, index, 'fromHour'], ...one })),
    ),
    ...(noisyTenant ? [{ path: ['noisyTenant', 'fromHour'], ...noisyTenant }] : []),
  ];
  for (const { path, fromHour: from } of happenings) {
    if (from < days * 24) continue;
    yield {
      path,
      message: `hour ${from} is after the ${counted(days, 'simulated day')}`,
      allowed: `below ${days * 24}`,
    };
  }
  const { hostShare } = scenario.cell;
  const spec = specOf(scenario.cell, regions[0]!);
  if (hostShare * spec.media.hosts > 1) {
    const message = `${counted(spec.media.hosts, 'media host')} at ${hostShare} each cost more than the cell`;
    yield { path: ['cell', 'hostShare'], message, allowed: `at most ${1 / spec.media.hosts}` };
  }
  for (const tier of ['standard', 'high-volume']) {
    if (spec.media.pools[tier] !== undefined) continue;
    yield {
      path: ['cell', 'media', 'pools'],
      message: `no media host serves ${tier}`,
      allowed: 'standard and high-volume',
    };
  }
  for (const rule of cellRules.filter(({ severity }) => severity === 'error')) {
    for (const violation of rule.check(spec)) yield { ...violation, path: ['cell', ...violation.path] };
  }
}

/** The cell of a scenario in a region. */
export function specOf({ size, maxTenants, sbc, media, aws }: Scenario['cell'], inRegion: string): CellSpec {
  const usual = cellSchema.parse({ name: 'kind', region: inRegion, size, aws: {} });
  return completeCell({ ...usual, maxTenants, sbc, media, aws: aws ?? usual.aws });
}
