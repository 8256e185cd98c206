import type { Command } from 'commander';
import { counted } from '../../config-file/counted.ts';
import type { CellSpec } from '../../fleet/schema/cell.ts';
import type { FrontSpec } from '../../fleet/schema/front.ts';
import { callsWithOneHostLost } from '../../fleet/relay-capacity.ts';
import { isOnAws } from '../../fleet/schema/targets/on-aws.ts';
import type { Cost, SiteCost } from '../../targets/aws/cost/schema.ts';
import type { Billed } from '../../targets/aws/cost/site-cost.ts';
import { cellsOption, readCells, readFleet, readSoundFleet, readWholeFleet } from '../cell-files.ts';
import { costText } from '../cost-text.ts';
import { CommandFailure } from '../failure.ts';
import { wholeNumber } from '../option-values.ts';
import { printJson } from '../output.ts';

const mostCalls = 1_000_000;
/** A month of 31 days: no call at once has more. */
const minutesOfMonth = 31 * 24 * 60;
const mostMinutes = mostCalls * minutesOfMonth;
const mostTenants = 1000;

export function addCost(program: Command): Command {
  return program
    .command('cost')
    .description('Shows what cells and the front cost a month on AWS, at list prices, and what that rests on.')
    .argument('[cells...]', 'names of cells; front for the front; all of the fleet that is on AWS by default')
    .option(...cellsOption)
    .option(
      '--calls <n>',
      'calls at once in the busy hour, of each (default: what a cell relays with one media host lost; of the front: what all cells on AWS do)',
      wholeNumber(0, mostCalls),
    )
    .option(
      '--minutes <n>',
      'minutes of calls a month, of each (default: by the busy hour of an office, ITU-T E.506)',
      wholeNumber(0, mostMinutes),
    )
    .option('--tenants <n>', 'tenants of each cell (default: maxTenants of its file)', wholeNumber(1, mostTenants))
    .option('--json', 'print it as JSON')
    .addHelpText(
      'after',
      `
Example:
  $ npx cellstamp cost euw1-a
  $ npx cellstamp cost euw1-a --calls 2000 --minutes 9000000
  $ npx cellstamp cost front --json

The resources are those that a deployment creates. The command does not contact AWS. \`--json\` is described by cellstamp/cost.schema.json.`,
    )
    .action(cost);
}

interface Options {
  readonly cells: string;
  readonly calls?: number;
  readonly minutes?: number;
  readonly tenants?: number;
  readonly json?: true;
}

async function cost(names: readonly string[], options: Options): Promise<void> {
  const { cells, front, frontOfCells } = asked(options.cells, names);
  const [{ siteCost }, { minutesOf }, { pricePages, pricesOf, pricesTaken }, { billedCell, billedFront }] =
    await Promise.all([
      import('../../targets/aws/cost/site-cost.ts'),
      import('../../targets/aws/cost/use.ts'),
      import('../../targets/aws/cost/prices.ts'),
      constructs(),
    ]);
  const use = (usual: number) => {
    const busyHourCalls = options.calls ?? usual;
    return { busyHourCalls, minutes: options.minutes ?? minutesOf(busyHourCalls) };
  };
  const billed: readonly Billed[] = [
    ...cells.map((spec) =>
      billedCell({
        spec,
        front: frontOfCells,
        use: use(callsWithOneHostLost(spec)),
        tenants: options.tenants ?? spec.maxTenants,
      }),
    ),
    ...(front === undefined ? [] : [billedFront({ spec: front.spec, use: use(front.calls) })]),
  ];
  const tooLong = billed.flatMap(({ kind, name, use: { busyHourCalls: calls, minutes } }) =>
    minutes > calls * minutesOfMonth
      ? [
          `--minutes is ${minutes}, and ${kind} ${name} has ${counted(calls, 'call')} at once in the busy hour; allowed: 0 to ${calls * minutesOfMonth}, all of them for a month of 31 days`,
        ]
      : [],
  );
  if (tooLong.length > 0) throw new CommandFailure(tooLong.join('\n'), 2);
  const results = billed.map((site) => siteCost(site));
  const unpriced = results.flatMap((result) => ('unpriced' in result ? result.unpriced : []));
  if (unpriced.length > 0) throw new CommandFailure(unpriced.join('\n'), 2);

  const sites: SiteCost[] = results.flatMap((result) => ('cost' in result ? [result.cost] : []));
  const total = sites.reduce((sum, site) => sum + site.total, 0);
  const report: Cost = { currency: 'USD', pricesOf, pricesTaken, pages: [...pricePages], sites, total };
  if (options.json) printJson(report);
  else console.log(costText(report));
}

interface Asked {
  readonly cells: readonly CellSpec[];
  /** Where its cost is asked for. */
  readonly front?: { readonly spec: FrontSpec; readonly calls: number };
  /** The fleet's front on AWS, in whose directory cells are entered. */
  readonly frontOfCells: FrontSpec | undefined;
}

/** @throws CommandFailure when something is not there, or not on AWS */
function asked(folder: string, names: readonly string[]): Asked {
  const named = names.filter((name) => name !== 'front');
  const all = names.length === 0;
  const chosen = all || named.length > 0 ? readCells(folder, named) : [];
  const cells = all ? chosen.filter(stands) : chosen;
  // Named cells are read with the front, so its file is right; those of other cells need not be.
  const fleetFront = all || names.includes('front') ? undefined : readFleet(folder).front;
  const wanted = all
    ? readSoundFleet(folder).front
    : names.includes('front')
      ? readWholeFleet(folder).front.spec
      : undefined;
  const elsewhere = [
    ...cells.filter((spec) => !isOnAws(spec)).map(({ name }) => `cell ${name}`),
    ...(names.includes('front') && wanted && !isOnAws(wanted) ? [`front ${wanted.name}`] : []),
  ];
  if (elsewhere.length > 0) {
    throw new CommandFailure(
      elsewhere.map((what) => `${what} is not on AWS: its file has no section aws`).join('\n'),
      2,
    );
  }
  const front = wanted && isOnAws(wanted) ? wanted : undefined;
  if (cells.length === 0 && front === undefined) {
    throw new CommandFailure(`nothing in ${folder} is on AWS: no file has a section aws`, 2);
  }
  const onAws = front ?? (fleetFront && isOnAws(fleetFront) ? fleetFront : undefined);
  const calls = () =>
    readCells(folder, [])
      .filter(stands)
      .reduce((sum, spec) => sum + callsWithOneHostLost(spec), 0);
  return { cells, ...(front && { front: { spec: front, calls: calls() } }), frontOfCells: onAws };
}

const stands = (spec: CellSpec): boolean => isOnAws(spec) && spec.state !== 'planned' && spec.state !== 'retired';

/** @throws CommandFailure when what the stacks are made with is not installed */
async function constructs() {
  try {
    return await import('../../targets/aws/cost/billed.ts');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new CommandFailure(
      'what stacks are made with is not installed: npm install cdktf@0.21 constructs@10 @cdktf/provider-aws@21',
      2,
    );
  }
}
