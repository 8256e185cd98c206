import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { counted } from '../../config-file/counted.ts';
import { customersSql } from '../../software/kamailio/sbc/tenant-tables.ts';
import { priceRoutes, readPrices, type PriceRoutes } from '../../fleet/prices.ts';
import type { CellSpec, Limits } from '../../fleet/schema/cell.ts';
import { cellsOption, readCell } from '../cell-files.ts';
import { CommandFailure } from '../failure.ts';
import { printJson } from '../output.ts';
import { readPlan } from '../plan/file.ts';
import { runningOn, anyTargetOption, type AnyTarget } from '../target.ts';

export function addProvision(program: Command): Command {
  return withOptions(program.command('provision'))
    .description('Applies the tenants and trunks of a cell’s file to the running cell.')
    .addOption(anyTargetOption())
    .option('--json', 'print what was done as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ npx cellstamp provision euw1-a --target aws\n' +
        '  $ npx cellstamp plan --json >plan.json; npx cellstamp provision euw1-a --plan plan.json --target aws\n\n' +
        'Tenants and trunks that are not in the file are deleted; the users of the other tenants are not touched. Nothing restarts, and\n' +
        'running the command twice is safe. ' +
        'A cell that is cordoned, draining or retired gets no tenant that it does not have.\n\n' +
        'The environment variables that `credentials` of trunks name hold the passwords at the carriers. A trunk whose variable is\n' +
        'not set keeps the password that the cell has.\n\n' +
        'With the limits of a plan, guarantees hold whatever other tenants do. The file keeps the contract.',
    )
    .action(provision);
}

/** The name and the form that this command had before: SQL for a person to run. It goes with the next version. */
export function addCustomers(program: Command): Command {
  return withOptions(program.command('customers', { hidden: true }))
    .description(
      'Prints the tenants and trunks of a cell’s file as SQL; use `npx cellstamp provision`, which applies them.',
    )
    .addHelpText('after', '\nExample:\n  $ npx cellstamp customers euw1-a >customers.sql')
    .action(printSql);
}

const withOptions = (command: Command): Command =>
  command
    .argument('<cell>', 'name of the cell')
    .option(...cellsOption)
    .option('--delete-all-tenants', 'allow a file without tenants: the cell loses every tenant that it has')
    .option(
      '--plan <file>',
      'with the limits of a plan, as `npx cellstamp plan --json` prints it, in place of the file’s',
    );

interface FileOptions {
  readonly cells: string;
  readonly plan?: string;
  readonly deleteAllTenants?: true;
}

interface Options extends FileOptions {
  readonly target: AnyTarget;
  readonly json?: true;
}

async function provision(name: string, options: Options): Promise<void> {
  const cell = readCell(options.cells, name);
  const spec = await specToApply(cell.spec, options);
  const operations = await import('../../operations/provision.ts');
  const { tenants, trunks } = spec;
  const { sbcs } = await operations.provision(await runningOn(options.target, cell), spec, {
    environment: process.env,
    routes: routesOf(spec, options.cells),
  });
  const done = { cell: name, tenants: tenants.length, trunks: trunks.length, sbcs };
  if (options.json) printJson(done);
  else {
    console.log(
      `cell ${name} has the ${counted(tenants.length, 'tenant')} and ${counted(trunks.length, 'trunk')} of its file; ${sbcs.join(' and ')} know them`,
    );
  }
}

/** @throws CommandFailure with what is wrong with the file of prices; empty without one */
function routesOf({ routing, trunks }: CellSpec, folder: string): PriceRoutes {
  if (routing === undefined) return new Map();
  const path = join(folder, routing.prices);
  const names = trunks.map(({ name }) => name);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new CommandFailure(`routing.prices: ${path} can't be read: ${(error as NodeJS.ErrnoException).code}`, 2);
  }
  const { prices, findings } = readPrices(text, names);
  if (findings.length > 0) {
    throw new CommandFailure(findings.map(({ line, message }) => `${path}:${line}: ${message}`).join('\n'), 2);
  }
  return priceRoutes(prices, names);
}

async function printSql(name: string, options: FileOptions): Promise<void> {
  process.stdout.write(customersSql(await specToApply(readCell(options.cells, name).spec, options)));
}

/** @throws CommandFailure when it has no tenants and may not be without, or the plan does not fit it */
async function specToApply(spec: CellSpec, { plan, deleteAllTenants }: FileOptions): Promise<CellSpec> {
  if (spec.tenants.length === 0 && !deleteAllTenants) {
    throw new CommandFailure(
      `the file of cell ${spec.name} has no tenants, so every tenant of the running cell would be deleted; add the tenants, or allow it with --delete-all-tenants`,
      2,
    );
  }
  return plan === undefined ? spec : asPlanned(spec, plan);
}

/** @throws CommandFailure when the file is not a plan, or its limits are not of this cell as its file is now */
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
        `the plan gives tenant ${tenant} ${JSON.stringify(own)}; it may not exceed the limits in the file of cell ${spec.name}, and the guarantee must be the same: ${JSON.stringify(contract)}. Plan again`,
      );
    }
  }
  const { withLimits } = await import('../../planner/admission/tenant-limits.ts');
  return withLimits(spec, { limits });
}

const within = (own: Limits, contract: Limits): boolean =>
  own.calls <= contract.calls &&
  own.callsPerSecond <= contract.callsPerSecond &&
  own.burst <= contract.burst &&
  own.guaranteedCalls === contract.guaranteedCalls;
