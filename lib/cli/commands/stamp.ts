import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Option, type Command } from 'commander';
import { formatFinding, formatValueFinding, printable, type Finding } from '../../config-file/finding.ts';
import { isThere } from '../../config-file/read-text.ts';
import { freeNetwork, loadFleet } from '../../fleet/fleet.ts';
import { jsonSchemas } from '../../fleet/schema/json-schema.ts';
import { cellSchemaFile, newCellText } from '../../fleet/schema/new-cell.ts';
import { sizeNames } from '../../fleet/schema/sizes.ts';
import { cellsOption, readFleet } from '../cell-files.ts';
import { CommandFailure } from '../failure.ts';
import { printJson } from '../output.ts';

export function addStamp(program: Command): Command {
  return program
    .command('stamp')
    .description('Adds a cell to the fleet: picks a free network and writes the file.')
    .argument('<name>', 'name of the cell, for example euw1-b')
    .requiredOption('--region <region>', 'AWS region, for example eu-west-1')
    .addOption(new Option('--size <size>', 'named size').choices(sizeNames))
    .option(...cellsOption)
    .option('--json', 'print what was written as JSON')
    .addHelpText('after', '\nExample:\n  $ npx cellstamp stamp euw1-b --region eu-west-1')
    .action(stamp);
}

interface Options {
  readonly region: string;
  readonly size?: (typeof sizeNames)[number];
  readonly cells: string;
  readonly json?: true;
}

/** Nothing is written unless everything is right. */
function stamp(name: string, { region, size, cells: folder, json }: Options, command: Command): void {
  if (command.getOptionValueSource('cells') === 'cli' && !isThere(folder)) {
    throw new CommandFailure(
      `there is no folder ${printable(folder)}; allowed: a folder that is there, or no --cells for a new folder cells`,
      2,
    );
  }
  const { files, findings: before } = isNewFolder(folder) ? { files: [], findings: [] } : readFleet(folder);
  refuse(errorsOf(before).map(formatFinding), 'mend the fleet first');
  const path = join(folder, `${name}.yaml`);
  if (files.some((file) => file.path === path)) {
    throw new CommandFailure(`there is a cell ${name} already (${path}); choose another name`, 2);
  }
  const network = freeNetwork(files);
  if (network === undefined) throw new CommandFailure('no network of the size of a cell is free', 1);

  const text = newCellText({ name, region, ...(size !== undefined && { size }), network, aws: {} });
  const { cells, findings } = loadFleet([...files, { path, text }], { only: name });
  // What is wrong in the new file is reported for what was given: nobody finds a file of that name.
  const told = errorsOf(findings).map((each) => (each.file === path ? formatValueFinding(each) : formatFinding(each)));
  refuse(told, `cell ${name} can't be stamped, and nothing was written`);
  if (cells.length === 0) throw new CommandFailure(`${name} can't be the name of a cell; nothing was written`, 2);

  mkdirSync(folder, { recursive: true });
  if (!existsSync(join(folder, cellSchemaFile))) {
    writeFileSync(join(folder, cellSchemaFile), `${JSON.stringify(jsonSchemas[cellSchemaFile](), null, 2)}\n`);
  }
  writeFileSync(path, text, { flag: 'wx' });
  for (const finding of findings) console.error(formatFinding(finding));
  if (json) printJson({ file: path, name, region, network, warnings: findings });
  else console.log(`${printable(path)}: cell ${name} in ${region}, network ${network}`);
}

/** Whether there is nothing, or an empty folder. */
function isNewFolder(folder: string): boolean {
  try {
    return readdirSync(folder).length === 0;
  } catch (error) {
    // A link that leads nowhere is something.
    return (error as NodeJS.ErrnoException).code === 'ENOENT' && !isThere(folder);
  }
}

function errorsOf(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter(({ severity }) => severity === 'error');
}

function refuse(errors: readonly string[], why: string): void {
  if (errors.length > 0) throw new CommandFailure([`${why}:`, ...errors].join('\n'), 2);
}
