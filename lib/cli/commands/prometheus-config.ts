import type { Command } from 'commander';
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
    .description('Prints the configuration of a Prometheus that scrapes a cell for `npx cellstamp plan`.')
    .argument('<cell>', 'name of the cell')
    .option(...cellsOption)
    .addHelpText(
      'after',
      `\nExample:\n  $ npx cellstamp ${name} euw1-a >prometheus.yml\n\n` +
        'Only the cell’s SBCs may reach the metrics of its hosts: run Prometheus on one of them, as an agent that writes to your\n' +
        'own server (remote_write), or with its data there.',
    )
    .action((cell: string, { cells }: { readonly cells: string }) => {
      process.stdout.write(scrapeConfig(readCell(cells, cell)));
    });
