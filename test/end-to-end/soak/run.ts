/** `npm run soak`: an hour of calls with faults, rolls and changes of tenants at random. Its results make docs/soak.md. */
import { writeFileSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import { format } from 'prettier';
import { missing } from '../../requirements.ts';
import { FaultBed } from '../faults/bed.ts';
import { addResult, isWell, pageFile, readResults, soakPage } from './results.ts';
import { soak } from './soak.ts';

const wholeNumber = (most: number) => (text: string) => {
  if (/^[1-9]\d{0,5}$/.test(text) && Number(text) <= most) return Number(text);
  throw new InvalidArgumentError(`It must be a whole number from 1 to ${most}.`);
};

const { minutes, seed } = new Command()
  .name('npm run soak --')
  .description('Holds a local cell under calls while faults, rolls and changes of tenants come at random.')
  .option('--minutes <number>', 'how long', wholeNumber(1440), 60)
  .option('--seed <number>', 'draws what happens; default: another one each time', wholeNumber(999_999))
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
  .parse()
  .opts<{ readonly minutes: number; readonly seed?: number }>();

const reason = missing('root', 'debian-packages');
if (reason !== undefined) {
  console.error(`error: the soak ${reason}`);
  process.exit(1);
}
const bed = await FaultBed.up('lab-soak', '10.96.32.0/20');
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void bed.down().finally(() => process.exit(130)));
}
try {
  const drawn = seed ?? 1 + Math.floor(Math.random() * 999_999);
  console.log(`seed ${drawn}`);
  const result = await soak(bed, { minutes, seed: drawn, onHappening: (text) => console.log(text) });
  addResult(result);
  writeFileSync(pageFile, await format(soakPage(readResults()), { parser: 'markdown' }));
  const { memory, why, left, ...rest } = result;
  console.log(JSON.stringify({ ...rest, left, why }, null, 2));
  console.table(memory);
  process.exitCode = isWell(result) ? 0 : 1;
} finally {
  await bed.down();
}
