/** From the command to the first answered call: a whole cell boots, users register, a call is answered. Needs root and Debian's packages. */
import { spawnSync } from 'node:child_process';
import type { CallReport } from '../lib/cli/call-report.ts';
import { rowLines, type BenchRow } from './row.ts';

const runs = 3;

/** Seconds from the start of `npx cellstamp try` to the first answered call. */
function firstCall(): number {
  const started = Date.now();
  const program = new URL('../lib/cli/main.ts', import.meta.url).pathname;
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--import', 'tsx', program, 'try', '--json'], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  if (status !== 0) throw new Error(`npx cellstamp try ended with ${status}: ${stderr}`);
  const { firstAnswer } = JSON.parse(stdout) as CallReport;
  return (Date.parse(firstAnswer!) - started) / 1000;
}

export function run(): BenchRow[] {
  const seconds = Array.from({ length: runs }, firstCall).sort((one, other) => one - other);
  return [
    {
      what: `from \`npx cellstamp try\` to the first answered call, median of ${runs}`,
      figure: seconds[Math.floor(runs / 2)]!,
      unit: 's',
      goal: { atMost: 15 },
    },
    { what: 'the slowest of them', figure: seconds.at(-1)!, unit: 's' },
  ];
}

if (process.argv[1] === new URL(import.meta.url).pathname) console.log(rowLines(run()));
