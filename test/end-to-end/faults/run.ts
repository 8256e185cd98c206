/**
 * `npm run faults`: what is too long for every run of the tests. First the table of faults, whose results are added to those that
 * are there and make docs/faults.md; then the lane of long tests. With files, those of the lane alone; with --only or --runs, the
 * table alone.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import { format } from 'prettier';
import { missing } from '../../requirements.ts';
import { FaultBed } from './bed.ts';
import { faults, parts } from './faults.ts';
import { faultPage, pageFile } from './page.ts';
import { addResult, readResults, type FaultResult } from './results.ts';

interface Options {
  readonly only?: string;
  readonly runs?: number;
  readonly seed?: number;
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 1 to 999999.');
  return Number(text);
}

const program = new Command()
  .name('npm run faults --')
  .description('Puts every fault into every part of a local cell under calls, then runs the lane of long tests.')
  .argument('[files...]', 'test files of the lane to run instead of all this')
  .option('--only <text>', 'only rows of the table whose part and fault contain this, such as "media host" or "frozen"')
  .option('--runs <number>', 'rows get runs until each has so many; default: one more than the fewest', wholeNumber)
  .option('--seed <number>', 'picks one of like hosts; each run has the next one', wholeNumber)
  .configureOutput({ writeErr: (text) => process.stderr.write(text) })
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
  .parse();
const { only, runs, seed } = program.opts<Options>();

const lane = (files: readonly string[]) =>
  spawnSync('npx', ['--no-install', 'vitest', 'run', '--project', 'faults', ...files], { stdio: 'inherit' }).status ??
  1;

const rows = parts
  .flatMap((part) => faults.map((fault) => ({ part, fault, name: `${part.name}, ${fault.name}` })))
  .filter(({ name }) => name.includes(only ?? ''));

/** @returns whether everything went as it must */
async function table(): Promise<boolean> {
  const reason = missing('root', 'debian-packages');
  if (reason !== undefined) {
    console.log(`the table of faults is skipped: it ${reason}`);
    return true;
  }
  const done = ({ part, fault }: (typeof rows)[number]) =>
    readResults().filter((result) => result.part === part.name && result.fault === fault.name).length;
  const goal = runs ?? Math.min(...rows.map(done)) + 1;
  let draw = seed ?? 1 + Math.floor(Math.random() * 999_999);
  let well = true;
  const bed = await FaultBed.up('lab-faults', '10.82.32.0/20');
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void bed.down().finally(() => process.exit(130)));
  }
  try {
    for (let round = 1; round <= goal; round++) {
      for (const row of rows.filter((each) => done(each) < round)) {
        const result = await bed.run(row.part, row.fault, draw++);
        addResult(result);
        writeFileSync(pageFile, await format(faultPage(readResults()), { parser: 'markdown' }));
        console.log(lineOf(row.name, result));
        well &&= isWell(result);
      }
    }
  } finally {
    await bed.down();
  }
  return well;
}

const lostOf = ({ held }: FaultResult) => Object.values(held).reduce((sum, [, lost]) => sum + lost, 0);

/** New calls may fail for a moment. */
function isWell(result: FaultResult): boolean {
  const { recordsLost, recordsDoubled, left, wholeMs } = result;
  return lostOf(result) + recordsLost + recordsDoubled + left.length === 0 && wholeMs !== null;
}

function lineOf(name: string, result: FaultResult): string {
  const { host, held, failed, arrived, longestGapMs, recordsLost, recordsDoubled, left, wholeMs, why } = result;
  const up = Object.values(held).reduce((sum, [calls]) => sum + calls, 0);
  return [
    `${name} (${host}): ${lostOf(result)} of ${up} calls lost, ${failed} of ${arrived} new ones failed, longest gap ${longestGapMs} ms`,
    `${recordsLost} records lost, ${recordsDoubled} doubled, ${left.length} left, whole ${wholeMs === null ? 'not within 90 s' : `after ${wholeMs} ms`}`,
    ...why,
  ].join('\n    ');
}

if (rows.length === 0) {
  const allowed = [...parts, ...faults].map(({ name }) => `"${name}"`).join(', ');
  console.error(`error: --only: no row of the table contains "${only}"; there are ${allowed}`);
  process.exitCode = 2;
} else if (program.args.length > 0) {
  process.exitCode = lane(program.args);
} else {
  const well = await table();
  const status = only === undefined && runs === undefined ? lane([]) : 0;
  process.exitCode = well ? status : 1;
}
