import type { Command } from 'commander';
import { cellRules } from '../../software/prometheus-rules.ts';
import { scrapeConfig } from '../../software/prometheus.ts';
import { cellsOption, readCell } from '../cell-files.ts';

export function addPrometheusConfig(program: Command): Command {
  return withOptions(program.command('prometheus-config'), 'prometheus-config');
}

/** The name that `prometheus-config` had before. It goes with the next version. */
export function addScrape(program: Command): Command {
  return withOptions(program.command('scrape', { hidden: true }), 'scrape');
}

const withOptions = (command: Command, name: string): Command =>
  command
    .description(
      'Prints the configuration of a Prometheus that scrapes a cell for `npx cellstamp plan`, or the rules of its alerts.',
    )
    .argument('<cell>', 'name of the cell')
    .option(...cellsOption)
    .option('--rules', 'print the alerts as a file of rules')
    .addHelpText(
      'after',
      `\nExample:\n  $ npx cellstamp ${name} euw1-a >prometheus.yml\n` +
        `  $ npx cellstamp ${name} euw1-a --rules >rules.yml\n\n` +
        'Only the cell’s SBCs may reach the metrics of its hosts: run Prometheus on one of them, as an agent that writes to your\n' +
        'own server (remote_write), or with its data there.',
    )
    .action(async (cellName: string, { cells, rules }: { readonly cells: string; readonly rules?: true }) => {
      const cell = readCell(cells, cellName);
      if (!rules) {
        process.stdout.write(scrapeConfig(cell));
        return;
      }
      const { stringify } = await import('yaml');
      process.stdout.write(stringify({ groups: cellRules(cell, 'systemctl --failed') }, { lineWidth: 0 }));
    });
