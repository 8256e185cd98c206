import type { Command } from 'commander';
import { formatFinding } from '../spec/finding.ts';
import { loadFleet } from '../spec/fleet.ts';
import { cellsOption, readCellFiles } from './cell-files.ts';
import { CommandFailure } from './failure.ts';
import { printJson } from './output.ts';

export function addCheck(program: Command): Command {
  return program
    .command('check')
    .description('Checks every rule over the fleet and says all that is wrong at once.')
    .option(...cellsOption)
    .option('--json', 'print what was found as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ npx cellstamp check\n\nExit status 1 when there is an error; warnings are no errors.',
    )
    .action(check);
}

function check({ cells: folder, json }: { readonly cells: string; readonly json?: true }): void {
  const files = readCellFiles(folder);
  if (files.length === 0) throw new CommandFailure(`there are no cells (*.yaml) in ${folder}`, 2);
  const { cells, findings } = loadFleet(files);
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const warnings = findings.length - errors;
  if (json) {
    printJson({ files: files.length, cells: cells.map(({ name }) => name), errors, warnings, findings });
  } else {
    for (const finding of findings) console.log(formatFinding(finding));
    console.log(`${count(files.length, 'file')}: ${count(errors, 'error')}, ${count(warnings, 'warning')}`);
  }
  if (errors > 0) process.exitCode = 1;
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}
