import { existsSync } from 'node:fs';
import { InvalidArgumentError, type Command } from 'commander';
import type { Measurements } from '../capacity/component-figures.ts';
import { cellsOption, readCells } from './cell-files.ts';
import { CommandFailure } from './failure.ts';
import { printJson } from './output.ts';

/** The file that `npx cellstamp measure` writes and `npx cellstamp plan` reads. */
const USUAL_FIGURES = 'figures.yaml';
const MOST_HOSTS = 32;

export function addCapacity(program: Command): Command {
  return program
    .command('capacity')
    .description('Says what a cell carries with a media host and an SBC lost, and what limits it, with the arithmetic.')
    .argument('[cells...]', 'names of cells; all by default')
    .option(...cellsOption)
    .option('--figures <file>', `figures of your own (default: ${USUAL_FIGURES} where it is there)`)
    .option('--lost-media-hosts <n>', 'media hosts of every pool that may be lost', hostCount, 1)
    .option('--json', 'print it as JSON')
    .addHelpText(
      'after',
      `
Example:
  $ npx cellstamp capacity euw1-a
  $ npx cellstamp capacity euw1-a --lost-media-hosts 2 --figures figures.yaml

A star marks what binds each resource. Without figures of your own, which \`npx cellstamp measure\` takes, it is reckoned with
published ones; what nobody published limits nothing and is named as unknown.`,
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
  const [{ capacityLines, cellCapacity }, { figuresWith }] = await Promise.all([
    import('../capacity/cell-capacity.ts'),
    import('../capacity/component-figures.ts'),
  ]);
  const figures = figuresWith(await measurements(options.figures));
  const cells = specs.map((spec) => ({ name: spec.name, ...cellCapacity(spec, { figures, lostMediaHosts }) }));
  if (json) {
    printJson({ lostMediaHosts, cells });
    return;
  }
  const hosts = lostMediaHosts === 1 ? '1 media host' : `${lostMediaHosts} media hosts`;
  const texts = cells.map((cell) =>
    [`cell ${cell.name}, with ${hosts} of every pool and one SBC lost`, '', ...capacityLines(cell)].join('\n'),
  );
  console.log(texts.join('\n\n'));
}

/** @throws CommandFailure when the file is not there although it is named, or something is wrong in it */
async function measurements(named: string | undefined): Promise<Measurements> {
  if (named === undefined && !existsSync(USUAL_FIGURES)) return {};
  const { readFigures } = await import('../planning/figures-file.ts');
  const path = named ?? USUAL_FIGURES;
  if (!existsSync(path))
    throw new CommandFailure(`there is no file ${path}; give figures of your own with --figures`, 2);
  try {
    return readFigures(path);
  } catch (error) {
    if ((error as Error).name === 'PlanningFailure') throw new CommandFailure((error as Error).message, 2);
    throw error;
  }
}

function hostCount(text: string): number {
  if (!/^\d{1,2}$/.test(text) || Number(text) > MOST_HOSTS) {
    throw new InvalidArgumentError(`It must be a whole number from 0 to ${MOST_HOSTS}.`);
  }
  return Number(text);
}
