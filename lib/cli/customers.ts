import type { Command } from 'commander';
import { customersScriptPath } from '../software/kamailio/customers-script.ts';
import { customersSql } from '../software/kamailio/tenant-tables.ts';
import { cellsOption, readCell } from './cell-files.ts';

export function addCustomers(program: Command): Command {
  return program
    .command('customers')
    .description('Prints the tenants and trunks of a cell’s file as SQL, for a deployed cell.')
    .argument('<cell>', 'name of the cell')
    .option(...cellsOption)
    .addHelpText(
      'after',
      '\nExample:\n  $ cellstamp customers euw1-a >customers.sql\n\n' +
        `On each SBC ${customersScriptPath} takes it on standard input, as root. What is not in the file goes; users of\n` +
        'tenants that stay are not touched. Nothing restarts.',
    )
    .action((name: string, { cells }: { readonly cells: string }) => {
      process.stdout.write(customersSql(readCell(cells, name).spec));
    });
}
