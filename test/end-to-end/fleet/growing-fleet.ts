/** Three small cells whose tenants call more from week to week, as files of a fleet. */
import type { Resource } from '../../../lib/planner/resources.ts';
import { generateTenants, type GeneratedTenant } from '../../../lib/planner/tenant-generator.ts';
import { tenantHistory } from '../../../lib/planner/tenant-history.ts';
import { linesForErlangB } from '../../../lib/planner/teletraffic/erlang.ts';
import { exposed, type Exposed } from '../../planner-files/prometheus/exposed.ts';
import type { Scraped } from '../../planner-files/prometheus/prometheus-server.ts';

const HOUR_MS = 3_600_000;
const WEEKS = 8;
const cells = ['fleet-a', 'fleet-b', 'fleet-c'];
const media = 'media: { hosts: 2, kernelForwarding: preferred }';

/**
 * @param now instant up to which there is history, milliseconds since 1970 UTC
 * @returns path to text: the cells, planning.yaml and eight weeks of hourly use
 */
export function growingFleet(now: number): Readonly<Record<string, string>> {
  return {
    ...cellFiles(),
    'planning.yaml': `${planning}history: { files: [history.csv] }\n`,
    'history.csv': history(homes().flat(), Math.floor(now / HOUR_MS) * HOUR_MS),
  };
}

/**
 * The same fleet whose cells measure themselves.
 * @param prometheus where the history is, as `planning.yaml` says it
 */
export function measuredFleet(prometheus: string): Readonly<Record<string, string>> {
  return {
    ...cellFiles(),
    'planning.yaml': `${planning}  moveAfterHours: 0\n  # Test calls are all answered.\n  quality: { mostAnswerSeizureRatio: 1 }\nhistory: { prometheus: ${prometheus} }\n`,
  };
}

/** What a Prometheus scraped of its cells in the eight weeks until an instant. */
export function scrapedUntil(end: number): Scraped {
  const series = homes().flatMap((tenants, index): Exposed[] => {
    const sum = (resource: Resource) => {
      const hours = new Float64Array(WEEKS * 168);
      for (const tenant of tenants) used(tenant, resource, end).forEach((value, hour) => (hours[hour]! += value));
      return hours;
    };
    const labels = (host: string) => `cell="${cells[index]!}",host="${host}"`;
    const calls = { metric: 'rtpengine_sessions', type: 'gauge', labels: `type="own",${labels('media-1')}` } as const;
    const setups = {
      metric: 'cellstamp_sbc_setups',
      type: 'counter',
      labels: `kind="user",${labels('sbc-1')}`,
    } as const;
    return [
      { ...calls, hours: sum('relayedCalls') },
      { ...setups, hours: sum('setups') },
    ];
  });
  return exposed(end - WEEKS * 168 * HOUR_MS, series);
}

const planning = `kinds:
  - { region: eu-west-1, prefix: fleet-, size: test, settings: { ${media} } }
rules:
  # Whatever the weekday is: the hours of the week in which the cells are full count.
  reviewHours: 480
`;

/** Tenants by cell. */
const homes = (): readonly (readonly GeneratedTenant[])[] =>
  evenly(
    generateTenants({
      ...{ count: 54, seed: 7, medianUsers: 16, sizeSpread: 0.3 },
      places: [{ zone: 'Europe/Dublin', country: 'GB', region: 'eu-west-1', share: 1 }],
    }),
  );

function cellFiles(): Readonly<Record<string, string>> {
  const tenants = homes();
  return Object.fromEntries(
    cells.map((cell, index) => [`cells/${cell}.yaml`, cellFile(cell, `10.${84 + index}.0.0/20`, tenants[index]!)]),
  );
}

/** Mean use in each hour of the eight weeks until an instant. */
function used(tenant: GeneratedTenant, resource: Resource, end: number): Float64Array {
  const options = { days: WEEKS * 7, stepMinutes: 60, growthPerWeek: 0.05, noise: 0.3 };
  return tenantHistory(tenant, resource, { ...options, start: end - WEEKS * 168 * HOUR_MS }).values;
}

/** Tenants by cell, the largest first, each into the cell with the least calls. */
function evenly(tenants: readonly GeneratedTenant[]): readonly (readonly GeneratedTenant[])[] {
  const homes = cells.map(() => ({ calls: 0, tenants: [] as GeneratedTenant[] }));
  for (const tenant of [...tenants].sort((a, b) => b.contract.relayedCalls - a.contract.relayedCalls)) {
    const home = homes.reduce((least, other) => (other.calls < least.calls ? other : least));
    home.calls += tenant.contract.relayedCalls;
    home.tenants.push(tenant);
  }
  return homes.map((home) => home.tenants);
}

function cellFile(name: string, network: string, tenants: readonly GeneratedTenant[]): string {
  const lines = tenants.map(({ name: tenant, contract }) => {
    const calls = linesForErlangB(contract.relayedCalls, 0.01);
    return `  - { name: ${tenant}, domain: ${tenant}.example.com, limits: { calls: ${calls} } }`;
  });
  return [
    `name: ${name}`,
    'region: eu-west-1',
    'aws: {}',
    'size: test',
    `network: ${network}`,
    media,
    'tenants:',
    ...lines,
    '',
  ].join('\n');
}

function history(tenants: readonly GeneratedTenant[], end: number): string {
  const start = end - WEEKS * 168 * HOUR_MS;
  const rows = tenants.flatMap((tenant) =>
    (['relayedCalls', 'setups'] satisfies Resource[]).flatMap((resource) =>
      [...used(tenant, resource, end)].map(
        (value, hour) =>
          `${new Date(start + hour * HOUR_MS).toISOString()},${tenant.name},${resource},${value.toFixed(5)}`,
      ),
    ),
  );
  return ['time,tenant,resource,value', ...rows, ''].join('\n');
}
