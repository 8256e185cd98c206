import type { Command } from 'commander';
import { wholeNumber } from '../option-values.ts';
import { printJson } from '../output.ts';

export function addLocal(program: Command): Command {
  const local = program.command('local').description('Simulates events of real networks in the local one.');
  withOptions(local.command('reroute'), 'local reroute');
  return local.addHelpText('after', '\nExample:\n  $ npx cellstamp local reroute 1');
}

/** The name that `local reroute` had before. It goes with the next version. */
export function addFlap(program: Command): Command {
  return withOptions(program.command('flap', { hidden: true }), 'flap');
}

const withOptions = (command: Command, name: string): Command =>
  command
    .description('Moves the route of a place’s callers to another region, as when a provider’s link fails.')
    .argument('[place]', 'number of the place', wholeNumber(1, 99), 1)
    .option('--to <region>', 'number of the region; the next one by default', wholeNumber(1, 99))
    .option('--front <front>', 'name of the front; the only one that is up by default')
    .option('--json', 'print where the route leads now as JSON')
    .addHelpText(
      'after',
      `\nExample:\n  $ npx cellstamp ${name} 1\n\nCalls should be unaffected: see \`npx cellstamp call --through front\`.`,
    )
    .action(reroute);

interface Options {
  readonly to?: number;
  readonly front?: string;
  readonly json?: true;
}

async function reroute(place: number, { to, front, json }: Options): Promise<void> {
  const local = await import('../../targets/local/front/index.ts');
  const state = local.requireFrontState(front);
  const number = await local.reroute(state, place, to);
  const { region } = state.spec.regions[number - 1]!;
  if (json) printJson({ place, number, region });
  else console.log(`callers of place ${place} reach ${local.serviceAddress} in ${region} now`);
}
