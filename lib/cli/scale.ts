import type { Command } from 'commander';
import { drainScript } from '../software/kamailio/sbc/drain-script.ts';
import { cellsOption, readCell } from './cell-files.ts';
import { CommandFailure } from './failure.ts';
import { readPlan } from './plan-file.ts';

export function addScale(program: Command): Command {
  return program
    .command('scale')
    .description('Prints the commands that put into service the media hosts that a plan wants.')
    .argument('<cell>', 'name of the cell')
    .requiredOption('--plan <file>', 'the plan, as `npx cellstamp plan --json` prints it')
    .option(...cellsOption)
    .addHelpText(
      'after',
      '\nExample:\n  $ npx cellstamp scale euw1-a --plan plan.json >scale.sh\n\n' +
        'For a shell on one SBC of the cell, as root; it tells the other one. A host that is taken out keeps its calls until they\n' +
        'end. Of hosts that the plan leaves as they are nothing is printed.',
    )
    .action(scale);
}

interface Options {
  readonly cells: string;
  readonly plan: string;
}

async function scale(name: string, { cells, plan }: Options): Promise<void> {
  const { actions } = await readPlan(plan);
  const { spec } = readCell(cells, name);
  const scripts = actions.flatMap((action) => {
    if (action.kind !== 'scale' || action.cell !== spec.name) return [];
    const { pools, inService, from } = action;
    const known = new Map(Object.entries(spec.media.pools));
    const hosts = [...new Set(pools.flatMap((pool) => known.get(pool) ?? []))].sort((a, b) => a - b);
    const refuse = (what: string, allowed: string) => {
      throw new CommandFailure(`${plan}: the plan names ${what}; cell ${spec.name} has ${allowed}. Plan again`, 2);
    };
    const pool = pools.find((name) => !known.has(name));
    if (pool !== undefined) refuse(`the pool ${pool}`, `the pools ${[...known.keys()].join(', ')}`);
    const host = inService.find((number) => !hosts.includes(number));
    if (host !== undefined) refuse(`media host ${host}`, `${hosts.join(', ')} in ${pools.join(' and ')}`);
    return [{ pools, inService, from, hosts }];
  });
  for (const { pools, inService, from, hosts } of scripts) {
    process.stdout.write(
      `# Media hosts of ${pools.join(' and ')} that take calls from ${from} on: ${inService.join(', ')} of ${hosts.join(', ')}\n`,
    );
    process.stdout.write(drainScript(hosts, inService));
  }
}
