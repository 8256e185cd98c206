import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { formatStatus } from '../cell-table.ts';
import { CommandFailure } from '../failure.ts';
import { formatFrontStatus } from '../front-table.ts';
import { untilEnded } from '../interrupt.ts';
import { decimal } from '../option-values.ts';
import { printJson } from '../output.ts';
import { changes, factsOf, type Sight } from '../status-facts.ts';

export function addStatus(program: Command): Command {
  return program
    .command('status')
    .description('Shows the local cells and fronts, and which of their services do not work.')
    .argument('[cell]', 'name of the cell or front; all by default')
    .option('--watch', 'keep running: redraw the table on a terminal, else print a line for each change')
    .option('--interval <seconds>', 'with --watch: time between two checks', decimal(0.5, 3600), 2)
    .option('--json', 'print the state as JSON; with --watch, one line for each change')
    .addHelpText(
      'after',
      '\nExample:\n  $ npx cellstamp status\n  $ npx cellstamp status euw1-a --watch\n\n' +
        'Each service is tested by its work: PostgreSQL answers a query, the SBCs ping the relays, Kamailio answers OPTIONS.\n' +
        'Exit status 1 when something is not ready, or the named cell is not up.',
    )
    .action(status);
}

interface Options {
  readonly watch?: true;
  readonly interval: number;
  readonly json?: true;
}

async function status(name: string | undefined, options: Options, command: Command): Promise<void> {
  if (!options.watch && command.getOptionValueSource('interval') === 'cli') {
    throw new CommandFailure('--interval goes with --watch', 2);
  }
  const first = await look(name);
  if (name !== undefined && all(first).length === 0) {
    const { namesToTakeDown, notUp } = await import('../../targets/local/index.ts');
    throw new CommandFailure(`${notUp(name, namesToTakeDown())} (npx cellstamp up starts one)`, 1);
  }
  if (options.watch) return watch(name, options, first);
  if (options.json) printJson(all(first));
  else console.log(format(first));
  if (!isWell(first)) process.exitCode = 1;
}

async function watch(name: string | undefined, { interval, json }: Options, first: Sight): Promise<void> {
  const terminal = process.stdout.isTTY && !json;
  await untilEnded(async (signal) => {
    let facts = new Map<string, string>();
    for (let sight = first; !signal.aborted; sight = await look(name)) {
      const now = factsOf(sight);
      const changed = changes(facts, now);
      const at = `${new Date().toISOString().slice(0, 19)}Z`;
      if (terminal) console.log(`\x1b[H\x1b[2J${at}, every ${interval} s; Ctrl-C ends\n\n${format(sight)}`);
      else if (json) {
        if (changed.length > 0 || sight === first) console.log(JSON.stringify(all(sight)));
      } else for (const change of changed) console.log(`${at} ${change}`);
      facts = now;
      await sleep(interval * 1000, undefined, { signal });
    }
  });
}

async function look(name: string | undefined): Promise<Sight> {
  const local = await import('../../targets/local/index.ts');
  const { frontStates, frontStatus } = await import('../../targets/local/front/index.ts');
  const isMeant = (each: { readonly name: string }) => name === undefined || each.name === name;
  // Read before anything is asked: nobody would wait for the cells' answers if it threw after that.
  const states = frontStates().filter(isMeant);
  const [cells, fronts] = await Promise.all([local.checkedList(name), Promise.all(states.map(frontStatus))]);
  return { cells, fronts, remains: local.remains().filter(isMeant) };
}

const all = ({ cells, fronts, remains }: Sight) => [...cells, ...fronts, ...remains];

function isWell(sight: Sight): boolean {
  return all(sight).every(({ state }) => state === 'running');
}

function format(sight: Sight): string {
  const { cells, fronts, remains } = sight;
  if (all(sight).length === 0) return 'no cell is up on this machine';
  return [
    ...cells.map(formatStatus),
    ...fronts.map(formatFrontStatus),
    ...remains.map(({ name, reason }) => `remains of ${name}: ${reason}; "npx cellstamp down ${name}" takes them away`),
  ].join('\n\n');
}
