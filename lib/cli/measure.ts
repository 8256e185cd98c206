import { existsSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname } from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import type { Measurements } from '../capacity/component-figures.ts';
import { asRoot } from './as-root.ts';
import { CommandFailure } from './failure.ts';
import { interruptible } from './interrupt.ts';
import { formatTable, LiveLine, printJson } from './output.ts';
import { runningCell } from './running-cell.ts';

export function addMeasure(program: Command): Command {
  return program
    .command('measure')
    .description('Measures what components do here, and writes it down for `cellstamp plan`.')
    .argument('[cell]', 'name of a running cell; the only one that is up by default')
    .option('--figures <file>', 'file to write to; what else is in it stays', 'figures.yaml')
    .option('--calls <n>', 'calls to place', numberFrom(1, 100_000), 300)
    .option('--rate <n>', 'calls started a second', numberFrom(0.1, 1000), 10)
    .option('--hold <seconds>', 'how long a call is held', numberFrom(0.5, 3600), 5)
    .option('--json', 'print what was measured as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ cellstamp measure example --calls 600 --rate 20\n\n' +
        'Real calls with audio go through the cell; what they take of the processors of Kamailio, rtpengine and FreeSWITCH\n' +
        'gives what a core does. Measure on a machine like those of your cells that does little else. What is not measured\n' +
        'keeps its built-in figure.',
    )
    .action(measure);
}

interface Options {
  readonly figures: string;
  readonly calls: number;
  readonly rate: number;
  readonly hold: number;
  readonly json?: true;
}

async function measure(name: string | undefined, { figures: path, json, ...load }: Options): Promise<void> {
  asRoot();
  const cell = await runningCell(name);
  const [{ measuredWork }, { figuresOf }, { figuresText, writeFigures }] = await Promise.all([
    import('./measured-work.ts'),
    import('../planning/measured-figures.ts'),
    import('../planning/figures-file.ts'),
  ]);
  // Calls for a minute, and then no place for what they told, would be a pity.
  figuresText(path);
  if (!existsSync(dirname(path))) throw new CommandFailure(`there is no folder ${dirname(path)} for --figures`, 2);
  const line = new LiveLine();
  await interruptible(async (signal) => {
    try {
      const works = await measuredWork(cell, { ...load, signal, onProgress: (text) => line.show(text) });
      line.clear();
      const processors = cpus();
      const day = new Date().toISOString().slice(0, 10);
      const where = `${day}, cell ${cell.name} on ${processors.length} shared cores (${processors[0]?.model.trim()})`;
      const { figures, notes } = figuresOf(works, where);
      writeFigures(path, figures);
      if (json) printJson({ file: path, figures, notes });
      else print(path, figures, notes);
    } finally {
      line.clear();
    }
  });
}

function print(path: string, figures: Measurements, notes: readonly string[]): void {
  const rows = Object.entries(figures).map(([figure, { value, source }]) => [figure, String(value), source]);
  if (rows.length > 0) console.log(`${formatTable(['figure', 'value', 'source'], rows)}\nwritten to ${path}`);
  for (const note of notes) console.log(note);
}

function numberFrom(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It must be a number from ${least} to ${most}.`);
  };
}
