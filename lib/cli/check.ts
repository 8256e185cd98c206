import type { Command } from 'commander';
import { formatFinding } from '../spec/finding.ts';
import { cellsOption, readFleet } from './cell-files.ts';
import { usageStatus } from './failure.ts';
import { printJson } from './output.ts';

export function addCheck(program: Command): Command {
  return program
    .command('check')
    .description('Checks every rule over the fleet and reports all problems.')
    .option(...cellsOption)
    .option('--json', 'print what was found as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ npx cellstamp check\n\nExit status 2 when there is an error; warnings are not errors.',
    )
    .action(check);
}

function check({ cells: folder, json }: { readonly cells: string; readonly json?: true }): void {
  const { files, cells, findings } = readFleet(folder);
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const warnings = findings.length - errors;
  if (json) {
    printJson({ files: files.length, cells: cells.map(({ name }) => name), errors, warnings, findings });
  } else {
    for (const finding of findings) console.log(formatFinding(finding));
    console.log(`${count(files.length, 'file')}: ${count(errors, 'error')}, ${count(warnings, 'warning')}`);
  }
  if (errors > 0) process.exitCode = usageStatus;
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}
