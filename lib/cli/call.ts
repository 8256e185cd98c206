import { InvalidArgumentError, Option, type Command } from 'commander';
import type { Progress } from '../calls/load.ts';
import { formatReport } from './call-report.ts';
import { interruptible } from './interrupt.ts';
import { LiveLine, printJson } from './output.ts';
import { runningCell } from './running-cell.ts';
import type { CallKind } from './test-calls.ts';

/** The kinds that need nothing but Debian's packages: what is called without `--kind`. */
export const usualKinds: readonly CallKind[] = ['registered', 'carrier-in', 'carrier-out'];

export function addCall(program: Command): Command {
  return program
    .command('call')
    .description('Places real calls with audio through a running cell and judges them.')
    .argument('[cell]', 'name of the cell; the only one that is up by default')
    .option('--calls <n>', 'how many', numberBetween(1, 100_000, true), 10)
    .option('--rate <n>', 'calls started a second', numberBetween(0.1, 1000), 10)
    .option('--hold <seconds>', 'how long a call is held', numberBetween(0.5, 3600), 2)
    .addOption(
      new Option('--kind <kinds...>', 'kinds of calls, in turn')
        .choices([...usualKinds, 'echo'])
        .default(usualKinds, usualKinds.join(' ')),
    )
    .addOption(
      new Option('--through <what>', 'by way of the front that is up, between callers in different places').choices([
        'front',
      ]),
    )
    .addOption(
      new Option('--transport <transport>', 'what users speak; the first that is on by default').choices([
        'udp',
        'tcp',
        'tls',
      ]),
    )
    .option('--json', 'print what the calls came to as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ cellstamp call euw1-a --calls 100 --rate 20 --kind registered carrier-out\n\n' +
        'Test users and a test carrier are made for the calls and removed after them. Exit status 1 when a call failed or\n' +
        'its record is missing.',
    )
    .action(call);
}

interface Options {
  readonly calls: number;
  readonly rate: number;
  readonly hold: number;
  readonly kind: readonly CallKind[];
  readonly through?: 'front';
  readonly transport?: 'udp' | 'tcp' | 'tls';
  readonly json?: true;
}

async function call(
  name: string | undefined,
  { calls, rate, hold, kind, through, transport, json }: Options,
): Promise<void> {
  const front = through === undefined ? undefined : (await import('../local/front/index.ts')).requireFrontState();
  // Through a front, its first cell unless another is named.
  const cell = await runningCell(name ?? front?.cells[0]?.name);
  const { placeTestCalls, placeTestCallsThroughFront } = await import('./test-calls.ts');
  const line = new LiveLine();
  await interruptible(async (signal) => {
    try {
      const options = {
        kinds: kind,
        calls,
        rate,
        hold,
        ...(transport === undefined ? {} : { transport }),
        signal,
        onProgress: (progress: Progress) => line.show(describeProgress(progress)),
      };
      const report = await (front ? placeTestCallsThroughFront(front, cell, options) : placeTestCalls(cell, options));
      line.clear();
      if (json) printJson(report);
      else console.log(formatReport(report));
      if (!report.good) process.exitCode = 1;
    } finally {
      line.clear();
    }
  });
}

export function describeProgress({ calls, up, over, failed }: Progress): string {
  return `${over} of ${calls} calls over, ${up} up, ${failed} failed`;
}

function numberBetween(least: number, most: number, whole = false): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !(value >= least && value <= most) || (whole && !Number.isInteger(value))) {
      throw new InvalidArgumentError(`It must be a ${whole ? 'whole ' : ''}number from ${least} to ${most}.`);
    }
    return value;
  };
}
