import type { Command } from 'commander';
import { isFrontOnKubernetes } from '../../fleet/schema/targets/kubernetes-front.ts';
import { cellRules, frontRules } from '../../software/prometheus-rules.ts';
import { frontScrapeConfig, scrapeConfig } from '../../software/prometheus.ts';
import { cellsOption, readCell, readWholeFleet } from '../cell-files.ts';
import { CommandFailure } from '../failure.ts';

export function addPrometheusConfig(program: Command): Command {
  return withOptions(program.command('prometheus-config'), 'prometheus-config');
}

/** The name that `prometheus-config` had before. It goes with the next version. */
export function addScrape(program: Command): Command {
  return withOptions(program.command('scrape', { hidden: true }), 'scrape');
}

interface Options {
  readonly cells: string;
  readonly region?: string;
  readonly rules?: true;
}

const withOptions = (command: Command, name: string): Command =>
  command
    .description(
      'Prints the configuration of a Prometheus that scrapes a cell for `npx cellstamp plan`, or the edges of the front; or the rules of their alerts.',
    )
    .argument('<cell>', 'name of the cell; front for edges')
    .option(...cellsOption)
    .option('--region <region>', 'region of the edges; required if the front has several, but for --rules')
    .option('--rules', 'print the alerts as a file of rules')
    .addHelpText(
      'after',
      `\nExample:\n  $ npx cellstamp ${name} euw1-a >prometheus.yml\n` +
        `  $ npx cellstamp ${name} euw1-a --rules >rules.yml\n` +
        `  $ npx cellstamp ${name} front --region eu-west-1 >prometheus.yml\n\n` +
        'Only the cell’s SBCs may reach the metrics of its hosts, and only edges those of edges: run Prometheus on one of them, as an\n' +
        'agent that writes to your own server (remote_write), or with its data there.',
    )
    .action(print);

const look = 'systemctl --failed';

async function print(name: string, options: Options): Promise<void> {
  const { cells, region, rules } = options;
  if (name === 'front') return printFront(options);
  if (region !== undefined) {
    throw new CommandFailure(`--region ${region} is for the edges of the front; a cell is in one region alone`, 2);
  }
  const cell = readCell(cells, name);
  if (rules) await printRules(cellRules(cell, look));
  else process.stdout.write(scrapeConfig(cell));
}

async function printFront({ cells, region, rules }: Options): Promise<void> {
  const { front } = readWholeFleet(cells);
  const names = front.regions.map((entry) => entry.region);
  if (region !== undefined && !names.includes(region)) {
    throw new CommandFailure(`--region ${region} is not a region of the front; allowed: ${names.join(', ')}`, 2);
  }
  const regions = front.regions.filter((entry) => region === undefined || entry.region === region);
  if (rules) return printRules(frontRules({ name: front.name, regions }, look));
  if (isFrontOnKubernetes(front.spec)) {
    throw new CommandFailure(
      'the edges on Kubernetes have the addresses of their nodes: have Prometheus discover their pods, with the labels front, region and host',
      2,
    );
  }
  if (regions.length > 1) {
    throw new CommandFailure(`--region is missing: the front has several regions; allowed: ${names.join(', ')}`, 2);
  }
  process.stdout.write(frontScrapeConfig(front, regions[0]!));
}

async function printRules(groups: readonly object[]): Promise<void> {
  const { stringify } = await import('yaml');
  process.stdout.write(stringify({ groups }, { lineWidth: 0 }));
}
