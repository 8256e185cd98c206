import { InvalidArgumentError, Option, type Command } from 'commander';
import { isFrontOnKubernetes } from '../../fleet/schema/targets/kubernetes-front.ts';
import { cellRules, frontRules } from '../../software/prometheus-rules.ts';
import { frontScrapeConfig, scrapeConfig, type Evaluation } from '../../software/prometheus.ts';
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
  readonly alertmanager?: readonly string[];
  readonly agent?: true;
}

/** A name or an IPv4 address, or an IPv6 address in brackets, with a port. */
const hostAndPort = /^(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\]):([1-9]\d{0,4})$/i;

function alertmanagers(text: string, others: readonly string[] = []): readonly string[] {
  const [, port] = hostAndPort.exec(text) ?? [];
  if (Number(port) <= 65_535) return [...others, text];
  throw new InvalidArgumentError('It must be HOST:PORT, for example alertmanager.example.com:9093.');
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
    .addOption(
      new Option('--alertmanager <host:port...>', 'your Alertmanagers, which notify people of alerts')
        .argParser(alertmanagers)
        .conflicts('rules'),
    )
    .addOption(
      new Option('--agent', 'for a Prometheus in agent mode, whose server evaluates the rules').conflicts([
        'rules',
        'alertmanager',
      ]),
    )
    .addHelpText(
      'after',
      `\nExample:\n  $ npx cellstamp ${name} euw1-a --alertmanager alertmanager.example.com:9093 >prometheus.yml\n` +
        `  $ npx cellstamp ${name} euw1-a --rules >rules.yml\n` +
        `  $ npx cellstamp ${name} front --region eu-west-1 >prometheus.yml\n\n` +
        'Only the cell’s SBCs may reach the metrics of its hosts, and only edges those of edges: run Prometheus on one of them, with its\n' +
        'data there, or as an agent that writes to your own server (--agent, and remote_write in the file). prometheus.yml loads\n' +
        'rules.yml from its own folder; with --agent your server has to load it.',
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
  else process.stdout.write(scrapeConfig(cell, evaluationOf(options)));
}

const evaluationOf = ({ agent, alertmanager = [] }: Options): Evaluation =>
  agent ? { by: 'server' } : { by: 'itself', alertmanagers: alertmanager };

async function printFront(options: Options): Promise<void> {
  const { cells, region, rules } = options;
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
  process.stdout.write(frontScrapeConfig(front, regions[0]!, evaluationOf(options)));
}

async function printRules(groups: readonly object[]): Promise<void> {
  const { stringify } = await import('yaml');
  process.stdout.write(stringify({ groups }, { lineWidth: 0 }));
}
