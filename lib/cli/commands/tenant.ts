import type { Command } from 'commander';
import type { MoveProgress } from '../../operations/tenant-move.ts';
import { cellsOption } from '../cell-files.ts';
import { frontOption, movesOn, type FrontOptions } from '../front-moves.ts';
import { interruptible } from '../interrupt.ts';
import { LiveLine, printJson } from '../output.ts';
import { anyTargetOption } from '../target.ts';

export function addTenant(program: Command): Command {
  const tenant = program
    .command('tenant')
    .description('Changes tenants of a running front.')
    .addHelpText('after', '\nExample:\n  $ npx cellstamp tenant move acme --to euw1-b');
  tenant
    .command('move')
    .description('Moves a tenant to another cell; calls in progress stay in the old cell.')
    .argument('<tenant>', 'name of the tenant')
    .requiredOption('--to <cell>', 'name of the cell that takes it')
    .addOption(anyTargetOption())
    .option(...frontOption)
    .option(cellsOption[0], 'elsewhere: folder of the cells and front.yaml', cellsOption[2])
    .option('--json', 'print what was done as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ npx cellstamp tenant move acme --to euw1-b\n  $ npx cellstamp tenant move acme --to euw1-b --target aws\n\n' +
        'New calls and registrations go to the new cell within two seconds. The command waits until the old cell holds no call\n' +
        'of the tenant; after an interruption, run it again to go on. The files of the cells are not changed.',
    )
    .action(move);
  return tenant;
}

interface Options extends FrontOptions {
  readonly to: string;
  readonly json?: true;
}

async function move(tenant: string, { to, json, ...where }: Options): Promise<void> {
  const port = await movesOn(where);
  const { moveTenant } = await import('../../operations/tenant-move.ts');
  const line = new LiveLine();
  let last: MoveProgress | undefined;
  const show = (progress: MoveProgress) => {
    last = progress;
    line.show(describe(tenant, progress));
  };
  await interruptible(async (signal) => {
    try {
      await moveTenant(port, tenant, to, { onProgress: show, signal });
    } finally {
      line.clear();
    }
    if (json) printJson({ tenant, ...last });
    else if (last) console.log(describe(tenant, last));
  }, 'ends at the end of the present step; run it again to go on from there');
}

function describe(tenant: string, { from, to, step, calls }: MoveProgress): string {
  switch (step) {
    case 'copying':
      return `${tenant}: its data and registrations go from ${from} to ${to}`;
    case 'waiting':
      return `${tenant}: new calls go to ${to}; ${from} still holds ${calls}`;
    case 'done':
      return `${tenant} is in ${to}; ${from} no longer has it. Move it in the cells' files too: from ${from}.yaml to ${to}.yaml`;
  }
}
