import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { counted } from '../../config-file/counted.ts';
import type * as Local from '../../targets/local/index.ts';
import { parseCell, type CellSpec } from '../../fleet/schema/cell.ts';
import { describeProgress, usualKinds } from './call.ts';
import { formatReport } from '../call-report.ts';
import { cellsOption, readCell } from '../cell-files.ts';
import { interruptible, unlessAborted } from '../interrupt.ts';
import { LiveLine, printJson } from '../output.ts';
import { isRunning } from '../own-processes.ts';
import { exampleCell } from './up.ts';

const calls = 50;

export function addTry(program: Command): Command {
  return program
    .command('try')
    .description('Starts a local cell, places 50 calls with audio, prints the outcome, and removes the cell.')
    .argument('[cell]', `name of the cell (default: ${exampleCell})`)
    .option(...cellsOption)
    .option('--json', 'print the results of the calls as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ npx cellstamp try\n\n' +
        'The cell gets a name of its own, so that it touches no other cell that is up. Exit status 1 when a call failed or\n' +
        'its record is missing.',
    )
    .action(tryOut);
}

interface Options {
  readonly cells: string;
  readonly json?: true;
}

async function tryOut(name: string | undefined, { cells, json }: Options): Promise<void> {
  const spec: CellSpec = { ...specOf(name, cells), name: `try-${process.pid}` };
  const local = await import('../../targets/local/index.ts');
  const { placeTestCalls } = await import('../test-calls.ts');
  const line = new LiveLine();
  // What is said on the way, where a program does not read the output.
  const say = (text: string) => {
    line.clear();
    if (!json) console.log(text);
  };
  await interruptible(async (signal) => {
    await removeRemains(local);
    try {
      const hosts = new Set<string>();
      const status = await unlessAborted(
        local.up(spec, {
          // Should this process be killed, the kernel ends every host.
          dieWithParent: true,
          signal,
          onProgress: ({ host, state }) => {
            if (state === 'ready') hosts.add(host);
            line.show(`booting: ${counted(hosts.size, 'host')} ready`);
          },
        }),
        signal,
      );
      say(
        `${counted(status.hosts.length, 'host')} of a cell are up after ${secondsSinceStart()} s: ${status.hosts.map((host) => host.name).join(', ')}`,
      );
      for (const note of status.notes) say(note);
      const report = await placeTestCalls(status, {
        kinds: usualKinds,
        calls,
        rate: 10,
        hold: 2,
        signal,
        onProgress: (progress) => line.show(describeProgress(progress)),
      });
      if (report.firstAnswer !== null) {
        const seconds = (Date.parse(report.firstAnswer) - performance.timeOrigin) / 1000;
        say(`the first call was answered after ${seconds.toFixed(1)} s\n`);
      }
      if (json) printJson(report);
      else say(formatReport(report));
      if (!report.good) process.exitCode = 1;
    } finally {
      line.show('taking the cell down');
      await local.down(spec.name);
      line.clear();
    }
    say('\nthe cell is down, nothing is left running');
  }, `takes cell ${spec.name} down (again: ends at once; the next "npx cellstamp try" removes what is left)`);
}

/** The named cell; the example where there is one; else a small cell with no more than it needs. */
function specOf(name: string | undefined, cells: string): CellSpec {
  if (name !== undefined || existsSync(join(cells, `${exampleCell}.yaml`))) {
    return readCell(cells, name ?? exampleCell).spec;
  }
  return parseCell({
    name: exampleCell,
    region: 'eu-west-1',
    size: 'test',
    local: {},
    media: { kernelForwarding: 'preferred' },
  });
}

/** Takes away what killed commands of this kind have left: their hosts ended with them, their files are still there. */
async function removeRemains({ remains, down }: typeof Local): Promise<void> {
  for (const { name } of remains()) {
    const pid = /^try-(\d+)$/.exec(name)?.[1];
    // One without a record may be about to write it.
    if (pid !== undefined && !isRunning(Number(pid))) await down(name);
  }
}

/** Since the start of this process. */
function secondsSinceStart(): string {
  return (performance.now() / 1000).toFixed(1);
}
