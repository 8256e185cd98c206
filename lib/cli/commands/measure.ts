import { cpus } from 'node:os';
import type { Command } from 'commander';
import { printable } from '../../config-file/finding.ts';
import type { Measurements } from '../../planner/component-figures.ts';
import type { ProcessorWork } from '../../planner-files/measured-figures.ts';
import { asRoot } from '../as-root.ts';
import { interruptible } from '../interrupt.ts';
import { LiveLine, printJson } from '../output.ts';
import { decimal, requirePlaceFor, wholeNumber } from '../option-values.ts';
import { runningCell } from '../running-cell.ts';

export function addMeasure(program: Command): Command {
  return program
    .command('measure')
    .description(
      'Measures the capacity of a running cell’s components and writes the figures for `npx cellstamp plan`.',
    )
    .argument('[cell]', 'name of a running cell; the only one that is up by default, or with --prometheus the busiest')
    .option('--prometheus <source>', 'ask a Prometheus instead: its URL, or planning.yaml, which says how to reach it')
    .option('--figures <file>', 'file to write to; what else is in it stays', 'figures.yaml')
    .option('--calls <n>', 'calls to place', wholeNumber(1, 100_000), 300)
    .option('--rate <n>', 'calls started per second', decimal(0.1, 1000), 10)
    .option('--hold <seconds>', 'how long a call is held', decimal(0.5, 3600), 5)
    .option('--json', 'print what was measured as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ npx cellstamp measure example --calls 600 --rate 20\n  $ npx cellstamp measure --prometheus planning.yaml\n\n' +
        'The command places real calls with audio through the cell. From the processor time that Kamailio, rtpengine and FreeSWITCH\n' +
        'take it calculates what one core carries. Measure on an otherwise idle machine like those of your cells. What is not measured\n' +
        'keeps its built-in figure.\n\n' +
        'With --prometheus it evaluates the busiest hour of a host. That needs metrics of the node exporter on the hosts, with the same\n' +
        'labels cell and host as the other metrics.',
    )
    .action(measure);
}

interface Options {
  readonly prometheus?: string;
  readonly figures: string;
  readonly calls: number;
  readonly rate: number;
  readonly hold: number;
  readonly json?: true;
}

async function measure(name: string | undefined, options: Options): Promise<void> {
  const { figures: path, prometheus, json } = options;
  const [{ figuresOf }, { figuresText, writeFigures }] = await Promise.all([
    import('../../planner-files/measured-figures.ts'),
    import('../../planner-files/figures-file.ts'),
  ]);
  // Calls for a minute, and then no place for what they told, would be a pity.
  requirePlaceFor('--figures', path);
  figuresText(path);
  const line = new LiveLine();
  await interruptible(async (signal) => {
    try {
      const watch: Watch = { signal, onProgress: (text) => line.show(text) };
      const measured = await (prometheus === undefined
        ? workHere(name, options, watch)
        : workThere(prometheus, name, watch));
      line.clear();
      const day = new Date().toISOString().slice(0, 10);
      const { figures, notes } = figuresOf(measured.works, `${day}, ${measured.where}`);
      writeFigures(path, figures);
      const all = [...measured.notes, ...notes];
      if (json) printJson({ file: path, figures, notes: all });
      else print(path, figures, all);
    } finally {
      line.clear();
    }
  }, 'ends the calls; no figure is written (again: ends at once)');
}

interface Watch {
  readonly signal: AbortSignal;
  readonly onProgress: (text: string) => void;
}

interface Measured {
  /** What was measured on. */
  readonly where: string;
  readonly works: readonly ProcessorWork[];
  readonly notes: readonly string[];
}

/** Calls through a cell on this machine. */
async function workHere(name: string | undefined, load: Options, watch: Watch): Promise<Measured> {
  asRoot();
  const cell = await runningCell(name);
  const { measuredWork } = await import('../measured-work.ts');
  const works = await measuredWork(cell, { ...load, ...watch });
  const processors = cpus();
  const where = `cell ${cell.name} on ${processors.length} shared cores (${processors[0]?.model.trim()})`;
  return { where, works, notes: [] };
}

/** What a Prometheus saw. */
async function workThere(source: string, cell: string | undefined, watch: Watch): Promise<Measured> {
  const [{ reachPrometheus }, { prometheusWork }] = await Promise.all([
    import('../../planner-files/prometheus/reach.ts'),
    import('../../planner-files/prometheus/measured-work.ts'),
  ]);
  const { server, settings, weeks } = await reachPrometheus(source, watch.signal);
  const { cellLabel, url } = settings;
  const options = { now: Date.now(), weeks, cellLabel, ...(cell !== undefined && { cell }), ...watch };
  return { where: url, ...(await prometheusWork(server, options)) };
}

function print(path: string, figures: Measurements, notes: readonly string[]): void {
  const rows = Object.entries(figures);
  for (const [figure, { value, source }] of rows) console.log(`${figure}: ${value}\n  ${source}`);
  if (rows.length > 0) console.log(`written to ${printable(path)}`);
  for (const note of notes) console.log(printable(note));
}
