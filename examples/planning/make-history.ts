/**
 * Makes up eight weeks of what the tenants of this folder used, hour by hour up to a moment, and prints it as CSV:
 *
 *   npx tsx examples/planning/make-history.ts 2026-03-02T09:00:00Z > examples/planning/history/tenants.csv
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadFleet } from 'cellstamp';
import { generateTenants, tenantHistory, weeklyPeak, type Resource } from 'cellstamp/capacity';

const MEASURED: readonly Resource[] = ['setups', 'registrations', 'relayedCalls'];
const DAYS = 56;
const HOUR_MS = 3_600_000;

// Whoever reads has seen enough (`| head`).
process.stdout.on('error', () => process.exit());
const [given = `${new Date().toISOString().slice(0, 19)}Z`, ...others] = process.argv.slice(2);
const until = Date.parse(given);
// `Date` takes more than that: 30 February is 2 March to it.
if (Number.isNaN(until) || new Date(until).toISOString().replace('.000', '') !== given || others.length > 0) {
  const words = process.argv.slice(2).map((word) => JSON.stringify(word));
  console.error(`make-history.ts: ${words.join(' ')} is not one time in UTC; give one like 2026-03-02T09:00:00Z`);
  process.exit(2);
}
const start = Math.floor(until / HOUR_MS) * HOUR_MS - DAYS * 24 * HOUR_MS;

const folder = fileURLToPath(new URL('cells', import.meta.url));
const files = readdirSync(folder)
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => ({
    path: join(folder, name),
    text: readFileSync(join(folder, name), 'utf8'),
  }));
const tenants = loadFleet(files).cells.flatMap((cell) => cell.tenants);
const berlin = [{ zone: 'Europe/Berlin', country: 'DE', region: 'eu-central-1', share: 1 }] as const;
const generated = generateTenants({ count: tenants.length, seed: 4, places: berlin });

console.log('time,tenant,resource,value');
for (const [i, { name, limits }] of tenants.entries()) {
  const model = generated[i]!;
  // In an ordinary week its busiest hour takes two thirds of what it was sold.
  const scale = (limits.calls * 2) / 3 / weeklyPeak(model.week).relayedCalls;
  for (const resource of MEASURED) {
    const { values } = tenantHistory(model, resource, { start, days: DAYS, stepMinutes: 60, growthPerWeek: 0.01 });
    for (const [hour, value] of values.entries()) {
      const time = new Date(start + hour * HOUR_MS).toISOString();
      console.log(`${time},${name},${resource},${Number((value * scale).toPrecision(5))}`);
    }
  }
}
