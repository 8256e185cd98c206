/** Results of long runs: kept line by line, told as docs/soak.md. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { bound, type Growth } from './memory.ts';

export interface SoakResult {
  readonly seed: number;
  readonly minutes: number;
  /** Faults, rolls and changes of tenants. */
  readonly happened: number;
  /** How many of them failed, or left the cell not whole within 120 s. */
  readonly notWhole: number;
  readonly calls: number;
  readonly answered: number;
  /** Calls that were refused, ended early or not heard. */
  readonly failed: number;
  /** Events of answered calls without a record, and records of an event that has one already. */
  readonly recordsLost: number;
  readonly recordsDoubled: number;
  /** Sessions, counters, sockets, links, tenants and users that were not there before. */
  readonly left: readonly string[];
  readonly memory: readonly Growth[];
  /** Calls by what failed. */
  readonly why: Readonly<Record<string, number>>;
}

const resultsFile = new URL('results.jsonl', import.meta.url).pathname;
export const pageFile = new URL('../../../docs/soak.md', import.meta.url).pathname;

export function readResults(): readonly SoakResult[] {
  if (!existsSync(resultsFile)) return [];
  const lines = readFileSync(resultsFile, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as SoakResult);
}

export const addResult = (result: SoakResult): void => appendFileSync(resultsFile, `${JSON.stringify(result)}\n`);

/** Calls may fail at a fault; nothing else may happen. */
export const isWell = ({ recordsLost, recordsDoubled, left, notWhole, memory }: SoakResult): boolean =>
  recordsLost + recordsDoubled + left.length + notWhole === 0 && memory.every(({ isFlat }) => isFlat);

const table = (head: readonly string[], rows: readonly (readonly (string | number)[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

const megabytes = (kilobytes: number): string => (kilobytes / 1024).toFixed(1);

export function soakPage(results: readonly SoakResult[]): string {
  const runs = results.map((run, at) => [
    ...[at + 1, run.minutes, run.seed, run.happened, run.notWhole, run.calls, run.failed],
    ...[run.recordsLost, run.recordsDoubled, run.left.length],
  ]);
  const memory = results.flatMap((run, at) =>
    run.memory.map(({ program, lives, host, minutes, fromKilobytes, toKilobytes, isFlat }) => [
      ...[at + 1, program, lives, host, minutes.toFixed(1), megabytes(fromKilobytes), megabytes(toKilobytes)],
      isFlat ? 'yes' : 'no',
    ]),
  );
  const left = results.flatMap((run, at) => run.left.map((what) => `- run ${at + 1}: ${what}`));
  const why = results.flatMap((run, at) =>
    Object.entries(run.why).map(([what, count]) => `- run ${at + 1}: ${what} (${count})`),
  );
  return `# Soak

What a cell does in the long run. Written by \`npm run soak\`, which holds a local cell of two SBCs, three media hosts, two databases and
two Redis servers under two calls a second for an hour (\`--minutes\`), while something happens to it every few seconds, drawn by a
seed (\`--seed\`): a fault of [the table](faults.md), tenants that come and go, a roll to other values and back.

- **Failed**: a call that was refused, ended early, or not heard, at a fault for the most part.
- **Records lost**: answered calls without a record of their start or end. **Left behind**: counters, sessions, sockets, links, tenants and
  users that were not there before.
- **Not whole**: after so many happenings a part did not answer, a relay was not at home or the SBCs did not know the same within 120 s;
  or the operation failed.
- **Memory**: what a program has for itself, its shared memory included (not that of PostgreSQL, which fills up to its setting), from when it had
  run for a fifth of the time, 5 minutes at most. It is flat if it grows by no more than ${bound.share * 100} % or ${bound.kilobytes / 1024} MiB,
  whichever is more. A program that a fault ends begins again; of all its lives the one that grew most is shown. Call records that Redis keeps
  for whoever reads them don't count.

${table(['run', 'minutes', 'seed', 'happenings', 'not whole', 'calls', 'failed', 'records lost', 'doubled', 'left behind'], runs)}

## Memory

${table(['run', 'program', 'lives', 'host', 'watched for, minutes', 'from, MiB', 'to, MiB', 'flat'], memory)}

## Left behind

${left.join('\n') || 'Nothing.'}

## Why calls failed

${why.join('\n') || 'None did.'}
`;
}
