import type { Command } from 'commander';
import { customersScriptPath } from '../software/kamailio/sbc/customers-script.ts';
import { customersSql } from '../software/kamailio/sbc/tenant-tables.ts';
import type { CellSpec, Limits } from '../spec/cell.ts';
import { cellsOption, readCell } from './cell-files.ts';
import { CommandFailure } from './failure.ts';
import { readPlan } from './plan-file.ts';

export function addCustomers(program: Command): Command {
  return program
    .command('customers')
    .description('Prints the tenants and trunks of a cell’s file as SQL, for a deployed cell.')
    .argument('<cell>', 'name of the cell')
    .option(...cellsOption)
    .option('--delete-all-tenants', 'print the SQL of a cell without tenants, which deletes every tenant that it has')
    .option(
      '--plan <file>',
      'with the limits of a plan, as `npx cellstamp plan --json` prints it, in place of the file’s',
    )
    .addHelpText(
      'after',
      '\nExample:\n  $ npx cellstamp customers euw1-a >customers.sql\n' +
        '  $ npx cellstamp plan --json >plan.json; npx cellstamp customers euw1-a --plan plan.json >customers.sql\n\n' +
        `On each SBC ${customersScriptPath} takes it on standard input, as root. What is not in the file goes; users of\n` +
        'tenants that stay are not touched. Nothing restarts.\n\n' +
        'A plan’s limits are such that guarantees hold whatever other tenants do. The file keeps the contract.',
    )
    .action(customers);
}

interface Options {
  readonly cells: string;
  readonly plan?: string;
  readonly deleteAllTenants?: true;
}

async function customers(name: string, { cells, plan, deleteAllTenants }: Options): Promise<void> {
  const { spec } = readCell(cells, name);
  if (spec.tenants.length === 0 && !deleteAllTenants) {
    throw new CommandFailure(
      `the file of cell ${name} has no tenants, so its SQL would delete every tenant of the deployed cell; add the tenants, or allow it with --delete-all-tenants`,
      2,
    );
  }
  process.stdout.write(customersSql(plan === undefined ? spec : await asPlanned(spec, plan)));
}

/** @throws CommandFailure when the file is no plan, or its limits are not of this cell as its file is now */
async function asPlanned(spec: CellSpec, path: string): Promise<CellSpec> {
  const refuse = (text: string): never => {
    throw new CommandFailure(`${path}: ${text}`, 2);
  };
  const { admission } = await readPlan(path);
  const planned = admission.find(({ cell }) => cell === spec.name);
  if (planned === undefined) {
    const names = admission.map(({ cell }) => cell).join(', ') || 'none';
    return refuse(`the plan has no limits for cell ${spec.name}; it has them for: ${names}`);
  }
  if ('excuse' in planned) return refuse(`the plan has no limits for cell ${spec.name}: ${planned.excuse}`);
  const limits = new Map(Object.entries(planned.limits));
  for (const [tenant, own] of limits) {
    const contract = spec.tenants.find((one) => one.name === tenant)?.limits;
    if (contract === undefined) {
      refuse(
        `the plan has limits for tenant ${tenant}, which is not in cell ${spec.name}; allowed are its tenants: a plan that places others is to be written first (npx cellstamp plan --write)`,
      );
    } else if (!within(own, contract)) {
      refuse(
        `the plan gives tenant ${tenant} ${JSON.stringify(own)}; allowed is no more than the file of cell ${spec.name} does, with the same guarantee: ${JSON.stringify(contract)}. Plan anew`,
      );
    }
  }
  const { withLimits } = await import('../capacity/admission/tenant-limits.ts');
  return withLimits(spec, { limits });
}

const within = (own: Limits, contract: Limits): boolean =>
  own.calls <= contract.calls &&
  own.callsPerSecond <= contract.callsPerSecond &&
  own.burst <= contract.burst &&
  own.guaranteedCalls === contract.guaranteedCalls;
