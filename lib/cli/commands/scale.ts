import type { Command } from 'commander';
import type { Plan } from '../../planner/plan/schema.ts';
import type { CellSpec } from '../../fleet/schema/cell.ts';
import { cellsOption, readCell } from '../cell-files.ts';
import { CommandFailure } from '../failure.ts';
import { printJson } from '../output.ts';
import { readPlan } from '../plan/file.ts';
import { runningOn, anyTargetOption, type AnyTarget } from '../target.ts';

export function addScale(program: Command): Command {
  return program
    .command('scale')
    .description('Puts the media hosts that a plan calls for into service, and drains the others.')
    .argument('<cell>', 'name of the cell')
    .requiredOption('--plan <file>', 'the plan, as `npx cellstamp plan --json` prints it')
    .addOption(anyTargetOption())
    .option(...cellsOption)
    .option('--json', 'print what was changed as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ npx cellstamp scale euw1-a --plan plan.json --target aws\n\n' +
        'A host that is taken out keeps its calls until they end. Hosts that the plan leaves as they are stay as they are. The\n' +
        'command returns once both SBCs know of the change; doing it twice changes nothing the second time.',
    )
    .action(scale);
}

interface Options {
  readonly cells: string;
  readonly plan: string;
  readonly target: AnyTarget;
  readonly json?: true;
}

async function scale(name: string, { cells, plan: path, target, json }: Options): Promise<void> {
  const plan = await readPlan(path);
  const cell = readCell(cells, name);
  const wanted = wantedOf(plan, path, cell.spec);
  const operations = await import('../../operations/scale.ts');
  const done = { cell: cell.name, intoService: [] as number[], outOfService: [] as number[] };
  if (wanted.length > 0) {
    const port = await runningOn(target, cell);
    for (const hosts of wanted) {
      const { intoService, outOfService } = await operations.scale(port, hosts);
      done.intoService.push(...intoService);
      done.outOfService.push(...outOfService);
    }
  }
  if (json) printJson(done);
  else console.log(describe(done));
}

/** The media hosts that a plan speaks of, and which of them are to be in service. */
function wantedOf({ actions }: Plan, path: string, spec: CellSpec) {
  return actions.flatMap((action) => {
    if (action.kind !== 'scale' || action.cell !== spec.name) return [];
    const { pools, inService } = action;
    const known = new Map(Object.entries(spec.media.pools));
    const hosts = [...new Set(pools.flatMap((pool) => known.get(pool) ?? []))].sort((a, b) => a - b);
    const refuse = (what: string, allowed: string) => {
      throw new CommandFailure(`${path}: the plan names ${what}; cell ${spec.name} has ${allowed}. Plan again`, 2);
    };
    const pool = pools.find((name) => !known.has(name));
    if (pool !== undefined) refuse(`the pool ${pool}`, `the pools ${[...known.keys()].join(', ')}`);
    const host = inService.find((number) => !hosts.includes(number));
    if (host !== undefined) refuse(`media host ${host}`, `${hosts.join(', ')} in ${pools.join(' and ')}`);
    return [{ hosts, inService }];
  });
}

function describe({
  cell,
  intoService,
  outOfService,
}: Readonly<Record<'intoService' | 'outOfService', readonly number[]>> & { readonly cell: string }): string {
  const hosts = (numbers: readonly number[], does: string) =>
    numbers.map((number) => `media-${number} of ${cell} ${does}\n`).join('');
  const text =
    hosts(intoService, 'takes new calls') + hosts(outOfService, 'takes no new calls, and keeps those it has');
  return text.trimEnd() || `the media hosts of ${cell} are in service as the plan wants them`;
}
