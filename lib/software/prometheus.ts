/** Configuration of Prometheus: which pages it scrapes, with which labels. */
import type { Cell } from '../fleet/derive/cell.ts';
import type { Front, FrontRegion } from '../fleet/derive/front.ts';
import { hostConfig } from './cell-host.ts';
import { edgeHostConfig } from './edge-host.ts';

/** Every port of this name, or whose name ends so, answers GET /metrics. */
const metrics = /(?:^|-)metrics$/;

interface Target {
  /** Of the program: `kamailio`. */
  readonly job: string;
  /** Address and port. */
  readonly at: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** What evaluates the rules of the alerts. */
export type Evaluation =
  /** This Prometheus, which tells these Alertmanagers, each by its host and port; none: somebody adds them to the file. */
  | { readonly by: 'itself'; readonly alertmanagers: readonly string[] }
  /** The server that it writes to: a Prometheus in agent mode takes no rules. */
  | { readonly by: 'server' };

/**
 * Configuration of a Prometheus that scrapes one cell: a job a program, with the labels `cell` and `host` that `npx cellstamp plan`
 * asks by. It has to run on one of the cell's SBCs: nobody else may reach these ports. From there an agent can write to a
 * server outside. The rules of the alerts are expected in a file `rules.yml` beside it.
 *
 * @example scrapeConfig(deriveCell(parseCell({ name: 'euw1-a', region: 'eu-west-1', aws: {} })), { by: 'itself', alertmanagers: [] })
 */
export function scrapeConfig(cell: Cell, evaluation: Evaluation): string {
  const targets = cell.hosts.flatMap((host) =>
    hostConfig(cell, host)
      .ports.filter(({ name }) => metrics.test(name))
      .map(({ name, from }): Target => ({
        job: name.replace(metrics, ''),
        at: `${host.address}:${from}`,
        labels: { cell: cell.name, host: host.name },
      })),
  );
  return `# Prometheus for the cell ${cell.name}. It runs on an SBC: only from there the hosts' metrics are reached.
${scrapes(targets)}${evaluated(cell.name, evaluation)}`;
}

/**
 * The same for the edges of one region of the front, with the labels `front`, `region` and `host`. It has to run on one of the edges.
 *
 * @example frontScrapeConfig(front, front.regions[0]!, { by: 'server' })
 */
export function frontScrapeConfig(front: Front, { region, edges }: FrontRegion, evaluation: Evaluation): string {
  const targets = edges.flatMap((edge) =>
    edgeHostConfig(front, edge)
      .ports.filter(({ name }) => metrics.test(name))
      .map(({ from }): Target => ({
        job: 'edge',
        at: `${edge.address}:${from}`,
        labels: { front: front.name, region, host: edge.name },
      })),
  );
  return `# Prometheus for the front in ${region}. It runs on an edge there: only from there the edges' metrics are reached.
${scrapes(targets)}${evaluated(`front --region ${region}`, evaluation)}`;
}

function scrapes(targets: readonly Target[]): string {
  const jobs = [...new Set(targets.map(({ job }) => job))];
  const pairs = (labels: Target['labels']) =>
    Object.entries(labels)
      .map(([name, value]) => `${name}: ${value}`)
      .join(', ');
  return `global:
  scrape_interval: 15s
scrape_configs:
${jobs
  .map(
    (job) => `  - job_name: ${job}
    static_configs:
${targets
  .filter((target) => target.job === job)
  .map(({ at, labels }) => `      - targets: ['${at}']\n        labels: { ${pairs(labels)} }`)
  .join('\n')}`,
  )
  .join('\n')}
`;
}

/** @param site as `npx cellstamp prometheus-config` takes it */
function evaluated(site: string, evaluation: Evaluation): string {
  const print = `npx cellstamp prometheus-config ${site} --rules`;
  if (evaluation.by === 'server') {
    return `# An agent evaluates no rules: the server that it writes to has to, with those of \`${print}\`.\n`;
  }
  const { alertmanagers } = evaluation;
  const rules = `# The alerts, in the folder of this file: \`${print} >rules.yml\`
rule_files:
  - rules.yml
`;
  if (alertmanagers.length === 0) {
    return `${rules}# Nobody is notified of an alert until an Alertmanager stands here: --alertmanager HOST:PORT adds it.
alerting:
  alertmanagers: []
`;
  }
  return `${rules}alerting:
  alertmanagers:
    - static_configs:
        - targets: [${alertmanagers.map((at) => `'${at}'`).join(', ')}]
`;
}
