/** Three small cells whose tenants call more from week to week, as files of a fleet. */
import type { Resource } from '../../lib/capacity/resources.ts';
import { generateTenants, type GeneratedTenant } from '../../lib/capacity/tenant-generator.ts';
import { tenantHistory } from '../../lib/capacity/tenant-history.ts';

const HOUR_MS = 3_600_000;
const WEEKS = 8;
const cells = ['fleet-a', 'fleet-b', 'fleet-c'];
const media = 'media: { hosts: 2, kernelForwarding: preferred }';

/**
 * @param now instant up to which there is history, milliseconds since 1970 UTC
 * @returns path to text: the cells, planning.yaml and eight weeks of hourly use
 */
export function growingFleet(now: number): Readonly<Record<string, string>> {
  const tenants = generateTenants({
    ...{ count: 30, seed: 7, medianUsers: 34, sizeSpread: 0.3 },
    places: [{ zone: 'Europe/Dublin', country: 'GB', region: 'eu-west-1', share: 1 }],
  });
  const homes = evenly(tenants);
  const planning = `kinds:
  - { region: eu-west-1, prefix: fleet-, size: test, settings: { ${media} } }
history: { files: [history.csv] }
rules:
  # Whatever the weekday is: the hours of the week in which the cells are full count.
  reviewHours: 480
`;
  return {
    ...Object.fromEntries(
      cells.map((cell, index) => [`cells/${cell}.yaml`, cellFile(cell, `10.${84 + index}.0.0/20`, homes[index]!)]),
    ),
    'planning.yaml': planning,
    'history.csv': history(tenants, Math.floor(now / HOUR_MS) * HOUR_MS),
  };
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
  const lines = tenants.map((tenant) => `  - { name: ${tenant.name}, domain: ${tenant.name}.example.com }`);
  return [
    `name: ${name}`,
    'region: eu-west-1',
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
  const options = { start, days: WEEKS * 7, stepMinutes: 60, growthPerWeek: 0.05, noise: 0.3 };
  const rows = tenants.flatMap((tenant) =>
    (['relayedCalls', 'setups'] satisfies Resource[]).flatMap((resource) =>
      [...tenantHistory(tenant, resource, options).values].map(
        (value, hour) =>
          `${new Date(start + hour * HOUR_MS).toISOString()},${tenant.name},${resource},${value.toFixed(5)}`,
      ),
    ),
  );
  return ['time,tenant,resource,value', ...rows, ''].join('\n');
}
