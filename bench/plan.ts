import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Plan } from '../lib/planner/plan/schema.ts';
import { gradeOfServiceOf, POLICIES } from '../lib/planner/policy.ts';
import { NOW, writeBusyFleet } from './plan/busy-fleet.ts';
import { rowLines, type BenchRow } from './row.ts';

export const about =
  'The command `npx cellstamp plan --json --now` as an operator runs it, from files on disk to JSON, in a process of its own: every\n' +
  'hour of 8 weeks of the calls of every tenant, a file a cell, and of all six resources of every cell. What else a tenant uses\n' +
  'is expected by its contract and its part of the cell. The fleet is busy: one cell is too full beside others with room,\n' +
  'regions outgrow their cells, another cell was last measured 3 hours ago, 500 tenants wait. The files were just written, so\n' +
  'most of them are still in memory. With `--now` the state stays as it is, and the second run starts from the same.';

/** What a run of the command printed and took. */
interface Run {
  readonly text: string;
  readonly seconds: number;
  readonly processorSeconds: number;
  readonly memoryGiB: number;
}

const MAIN = fileURLToPath(new URL('../lib/cli/main.ts', import.meta.url));
/** Makes the process say at its end what it took. */
const TELL = `data:text/javascript,${encodeURIComponent(
  "import { writeSync } from 'node:fs'; process.on('exit', () => writeSync(3, JSON.stringify(process.resourceUsage())));",
)}`;

function cellstampPlan(folder: string): Run {
  const command = [MAIN, 'plan', '--json', '--now', new Date(NOW).toISOString()];
  const start = performance.now();
  const { status, stdout, stderr, output } = spawnSync(
    process.execPath,
    ['--import', import.meta.resolve('tsx'), '--import', TELL, ...command],
    { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe', 'pipe'], maxBuffer: 1 << 28 },
  );
  const seconds = (performance.now() - start) / 1000;
  // 2: there is something to do.
  if (status !== 2) throw new Error(`npx cellstamp plan ended with ${status}: ${stderr}`);
  const used = JSON.parse(output[3]!) as NodeJS.ResourceUsage;
  return {
    text: stdout,
    seconds,
    processorSeconds: (used.userCPUTime + used.systemCPUTime) / 1e6,
    memoryGiB: used.maxRSS / 2 ** 20,
  };
}

export function run(): BenchRow[] {
  const folder = mkdtempSync(join(tmpdir(), 'cellstamp-bench-plan-'));
  try {
    const fleet = writeBusyFleet(folder);
    const runs = [cellstampPlan(folder), cellstampPlan(folder)] as const;
    const most = (of: (run: Run) => number): number => Math.max(...runs.map(of));
    const { actions } = JSON.parse(runs[0].text) as Plan;
    const count = (kind: string): number => actions.filter((action) => action.kind === kind).length;
    const what = `a whole plan, ${fleet.tenants} tenants in ${fleet.cells} cells, ${fleet.weeks} weeks of hourly history`;
    const millions = (rows: number): string => `${(rows / 1e6).toFixed(1)} million`;
    return [
      {
        what: `${what}: the command, the slower of two runs`,
        figure: most(({ seconds }) => seconds),
        unit: 's',
        baseline: `${most(({ processorSeconds }) => processorSeconds).toFixed(1)} s of processor time`,
        goal: { atMost: 60 },
      },
      {
        what: `${what}: most memory of the command`,
        figure: most(({ memoryGiB }) => memoryGiB),
        unit: 'GiB',
        goal: { atMost: 2 },
      },
      {
        what: 'the same command again: differing bytes',
        figure: differingBytes(runs[0].text, runs[1].text),
        unit: 'bytes',
        goal: { atMost: 0 },
      },
      {
        what: 'files with the histories that it read',
        figure: fleet.bytes / 2 ** 30,
        unit: 'GiB',
        baseline: `${millions(fleet.rows.tenants)} rows of tenants' calls, ${millions(fleet.rows.cells)} of cells`,
      },
      { what: `of ${fleet.waiting} waiting tenants, placed`, figure: count('place'), unit: 'tenants' },
      { what: 'moves', figure: count('move'), unit: 'tenants', goal: { atLeast: 1 } },
      { what: 'stamps', figure: count('stamp'), unit: 'cells', goal: { atLeast: 1 } },
      { what: 'holds', figure: count('hold'), unit: 'cells', goal: { atLeast: 1 } },
      ...policyRows(),
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function differingBytes(one: string, other: string): number {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return Math.abs(a.length - b.length) + a.subarray(0, b.length).filter((byte, i) => byte !== b[i]).length;
}

function policyRows(): BenchRow[] {
  const ours = gradeOfServiceOf(POLICIES.gradeOfService, 1000);
  const rule = gradeOfServiceOf(POLICIES.telecomRule, 1000);
  return [
    {
      what: 'lines bought for 1,000 E by the grade of service policy at 1 %',
      figure: ours.lines / rule.lines,
      unit: 'of the telecom rule’s',
      baseline: `telecom rule: ${rule.lines} lines`,
      goal: { atMost: 0.6 },
    },
    { what: 'blocking of these', figure: ours.blocking, unit: 'of the calls', goal: { atMost: 0.01 } },
  ];
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  console.log(rowLines(run()));
}
