import { pathToFileURL } from 'node:url';
import { admissionPlan, type AdmissionPlan, type AdmissionTenant } from '../lib/planner/admission.ts';
import { admissionTrial } from '../test/planner/models/trial.ts';
import { seededRandom } from '../lib/planner/random.ts';
import { guaranteedPoolsBlocking } from '../test/planner/models/guaranteed-pools.ts';
import { rowLines, type BenchRow } from './row.ts';

const CALLS = 1_000_000;
const MEAN_SECONDS = 180;

const contract = { calls: 400, callsPerSecond: 50, burst: 50 };
const tenants = (count: number, name: string, erlangs: number, more: Partial<AdmissionTenant>): AdmissionTenant[] =>
  Array.from({ length: count }, (_, i) => ({
    id: `${name}-${i}`,
    erlangs,
    setupsPerSecond: erlangs / MEAN_SECONDS,
    contract,
    ...more,
  }));

function planOf(calls: number, setupsPerSecond: number, all: readonly AdmissionTenant[]): AdmissionPlan {
  const plan = admissionPlan({ calls, setupsPerSecond }, all);
  if ('excuse' in plan) throw new Error(plan.excuse);
  return plan;
}

/** Half of the tenants stay within what is guaranteed to them; the others send ten times what they were planned with. */
function guaranteeRow(): BenchRow {
  const quiet = tenants(40, 'quiet', 6, { guaranteed: { calls: 14, callsPerSecond: 0.5 } });
  const noisy = tenants(40, 'noisy', 6, {});
  const plan = planOf(1000, 40, [...quiet, ...noisy]);
  const traffic = [...quiet, ...noisy.map((one) => ({ ...one, erlangs: one.erlangs * 10 }))];
  const results = admissionTrial(plan, traffic, { calls: CALLS, meanSeconds: MEAN_SECONDS, random: seededRandom(1) });
  const refused = results.reduce((sum, one) => sum + Object.values(one.refused).reduce((a, b) => a + b, 0), 0);
  return {
    what: `admission, ${CALLS} calls, 40 of 80 tenants at ten times their traffic: guaranteed calls refused`,
    figure: results.reduce((sum, one) => sum + one.violations, 0),
    unit: 'calls',
    baseline: `${refused} calls above guarantees refused`,
    goal: { atMost: 0 },
  };
}

/**
 * Three kinds of tenants in a cell that is somewhat too small, each compared with product-form theory, for three seeds.
 * The cell is small so that a million calls are some 20,000 mean lengths: of a large cell they would be too few to tell
 * 5 % from chance.
 */
function theoryRow(): BenchRow {
  const kinds = [
    tenants(6, 'none', 3, {}),
    tenants(6, 'some', 3, { guaranteed: { calls: 2 } }),
    tenants(1, 'large', 15, { guaranteed: { calls: 12 } }),
  ];
  const all = kinds.flat();
  const plan = planOf(58, 1000, all);
  const theory = guaranteedPoolsBlocking(
    plan.shared.calls,
    plan.tenants.map(({ guaranteedCalls, calls }, i) => ({
      erlangs: all[i]!.erlangs,
      guaranteed: guaranteedCalls,
      limit: calls,
    })),
  );
  const compared = [1, 2, 3].flatMap((seed) => {
    const options = { calls: CALLS, meanSeconds: MEAN_SECONDS, random: seededRandom(seed) };
    const results = admissionTrial(plan, all, options);
    return kinds.map((kind) => {
      const own = results.filter(({ id }) => kind.some((one) => one.id === id));
      const refused = own.reduce((sum, one) => sum + one.refused.sharedCalls + one.refused.tenantCalls, 0);
      const blocking = refused / own.reduce((sum, one) => sum + one.offered, 0);
      return { blocking, expected: theory[all.indexOf(kind[0]!)]! };
    });
  });
  return {
    what: `admission, ${CALLS} calls, 3 kinds of tenants: blocking off theory, worst kind of 3 seeds`,
    figure: 100 * Math.max(...compared.map(({ blocking, expected }) => Math.abs(blocking / expected - 1))),
    unit: '%',
    baseline: compared
      .map(({ blocking, expected }) => `${(100 * blocking).toFixed(3)} % for ${(100 * expected).toFixed(3)} %`)
      .join(', '),
    goal: { atMost: 5 },
  };
}

export function run(): Promise<BenchRow[]> {
  return Promise.resolve([guaranteeRow(), theoryRow()]);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) console.log(rowLines(await run()));
