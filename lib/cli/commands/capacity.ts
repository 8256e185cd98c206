import type { Command } from 'commander';
import { counted } from '../../config-file/counted.ts';
import type { Measurements } from '../../planner/component-figures.ts';
import { cellsOption, readCells } from '../cell-files.ts';
import { isThere } from '../../config-file/read-text.ts';
import { CommandFailure } from '../failure.ts';
import { wholeNumber } from '../option-values.ts';
import { printJson } from '../output.ts';

/** The file that `npx cellstamp measure` writes and `npx cellstamp plan` reads. */
const USUAL_FIGURES = 'figures.yaml';
const MOST_HOSTS = 32;

export function addCapacity(program: Command): Command {
  return program
    .command('capacity')
    .description(
      'Shows how much a cell carries with a media host and an SBC lost, and the limits, with the arithmetic.',
    )
    .argument('[cells...]', 'names of cells; all by default')
    .option(...cellsOption)
    .option('--figures <file>', `your own figures (default: ${USUAL_FIGURES} if it exists)`)
    .option('--lost-media-hosts <n>', 'number of media hosts lost in each pool', wholeNumber(0, MOST_HOSTS), 1)
    .option('--json', 'print it as JSON')
    .addHelpText(
      'after',
      `
Example:
  $ npx cellstamp capacity euw1-a
  $ npx cellstamp capacity euw1-a --lost-media-hosts 2 --figures figures.yaml

An asterisk marks the limit that decides. Without figures of your own (\`npx cellstamp measure\`) the command uses published
ones; a component without a published figure sets no limit and is listed as unknown.`,
    )
    .action(capacity);
}

interface Options {
  readonly cells: string;
  readonly figures?: string;
  readonly lostMediaHosts: number;
  readonly json?: true;
}

async function capacity(names: readonly string[], options: Options): Promise<void> {
  const { cells: folder, lostMediaHosts, json } = options;
  const specs = readCells(folder, names);
  const few = specs.filter(({ media }) => lostMediaHosts > media.hosts);
  if (few.length > 0) {
    const have = few.map(({ name, media }) => `cell ${name} has ${counted(media.hosts, 'media host')}`).join(', ');
    const most = Math.min(...few.map(({ media }) => media.hosts));
    throw new CommandFailure(
      `--lost-media-hosts is ${lostMediaHosts}, and ${have}; it must be a whole number from 0 to ${most}`,
      2,
    );
  }
  const [{ capacityLines, cellCapacity }, { figuresWith }] = await Promise.all([
    import('../../planner/cell-capacity.ts'),
    import('../../planner/component-figures.ts'),
  ]);
  const figures = figuresWith(await measurements(options.figures));
  const cells = specs.map((spec) => ({ name: spec.name, ...cellCapacity(spec, { figures, lostMediaHosts }) }));
  if (json) {
    printJson({ lostMediaHosts, cells });
    return;
  }
  const hosts = counted(lostMediaHosts, 'media host');
  const texts = cells.map((cell) =>
    [`cell ${cell.name}, with ${hosts} of every pool and one SBC lost`, '', ...capacityLines(cell)].join('\n'),
  );
  console.log(texts.join('\n\n'));
}

/** @throws InvalidFiles when a file that is named is not there, or something is wrong in it */
async function measurements(named: string | undefined): Promise<Measurements> {
  if (named === undefined && !isThere(USUAL_FIGURES)) return {};
  const { readFigures } = await import('../../planner-files/figures-file.ts');
  return readFigures(named ?? USUAL_FIGURES);
}
