import type { Command } from 'commander';
import type { CellSpec } from '../../fleet/schema/cell.ts';
import { suggestion } from '../../config-file/allowed.ts';
import { assumedWith, assumptions, type Assumed, type AssumptionName } from '../../planner/availability/assumptions.ts';
import { cellsOption, readCells, readSoundFleet } from '../cell-files.ts';
import { CommandFailure } from '../failure.ts';
import { printJson } from '../output.ts';

export function addAvailability(program: Command): Command {
  return program
    .command('availability')
    .description(
      'Shows how available the calls of cells and of the fleet are, part by part, and which assumptions that rests on.',
    )
    .argument('[cells...]', 'names of cells; by default all that carry calls')
    .option(...cellsOption)
    .option('--assume <name=value...>', 'figures of your own in place of an assumption’s')
    .option('--json', 'print it as JSON')
    .addHelpText(
      'after',
      `
Example:
  $ npx cellstamp availability
  $ npx cellstamp availability euw1-a --assume site=0.99999 releases=12

It is arithmetic, not a measurement: what was reached is in the series cellstamp:calls_budget_left of Prometheus. Cells count
by the tenants that they take. A tenant lives in one cell, so more cells do not make a call more available; they make less
of the fleet fail at once. Cells of this machine alone are left out, as their hosts are one machine. See docs/service-levels.md.`,
    )
    .action(availability);
}

interface Options {
  readonly cells: string;
  readonly assume?: readonly string[];
  readonly json?: true;
}

async function availability(names: readonly string[], { cells: folder, assume, json }: Options): Promise<void> {
  const assumed = assumedWith(readAssumptions(assume ?? []));
  const { cells: all, front } = readSoundFleet(folder);
  const inFleet = all.filter((spec) => isElsewhere(spec) && !['planned', 'retired'].includes(spec.state));
  const named = names.length === 0 ? inFleet : readCells(folder, names);
  const here = named.filter((spec) => !isElsewhere(spec)).map(({ name }) => name);
  if (here.length > 0) {
    throw new CommandFailure(
      `${here.join(', ')}: for this machine alone, whose hosts fail together; allowed: cells with the section aws or kubernetes`,
      2,
    );
  }
  if (named.length === 0) {
    throw new CommandFailure(`no cell in ${folder} has the section aws or kubernetes and carries calls`, 2);
  }
  const { fleetAvailability } = await import('../../planner/availability/fleet-availability.ts');
  const fleet = fleetAvailability(named, front, assumed, Math.max(1, inFleet.length));
  if (json) {
    printJson({ ...fleet, assumptions: describe(assumed) });
    return;
  }
  const { availabilityText } = await import('../availability-text.ts');
  console.log(availabilityText(fleet, assumed));
}

const isElsewhere = ({ aws, kubernetes }: CellSpec): boolean => aws !== undefined || kubernetes !== undefined;

const describe = (assumed: Assumed) =>
  Object.fromEntries(
    Object.entries(assumptions).map(([name, { what, source, value }]) => {
      const given = assumed[name as AssumptionName];
      return [name, { value: given, what, source: given === value ? source : 'given with --assume' }];
    }),
  );

/** @throws CommandFailure with everything that is wrong */
function readAssumptions(given: readonly string[]): Partial<Assumed> {
  const names = Object.keys(assumptions) as AssumptionName[];
  const wrong: string[] = [];
  const values: Partial<Record<AssumptionName, number>> = {};
  for (const text of given) {
    const [, name, value = ''] = /^([^=]+)=(.*)$/.exec(text) ?? [];
    if (name === undefined) {
      wrong.push(`--assume ${text}: must be NAME=VALUE; names are ${names.join(', ')}`);
      continue;
    }
    const known = names.find((one) => one === name);
    if (known === undefined) {
      wrong.push(
        `--assume ${text}: there is no assumption ${name}${suggestion(name, names)}; allowed: ${names.join(', ')}`,
      );
      continue;
    }
    if (known in values) {
      wrong.push(`--assume ${text}: ${known} is given more than once; allowed: one value of each`);
      continue;
    }
    const { least, most, what } = assumptions[known];
    const number = Number(value);
    if (!/^\d{1,15}(\.\d{1,15})?$/.test(value) || number < least || number > most) {
      wrong.push(`--assume ${text}: must be a number from ${least} to ${most}, ${what}`);
    } else values[known] = number;
  }
  if (wrong.length > 0) throw new CommandFailure(wrong.join('\n'), 2);
  return values;
}
