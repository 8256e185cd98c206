import type { Cell } from '../fleet/derive/cell.ts';
import { hostConfig } from './cell-host.ts';

/** Every port of this end of its name answers GET /metrics. */
const metrics = '-metrics';

/**
 * Configuration of a Prometheus that scrapes one cell: a job a program, with the labels `cell` and `host` that `npx cellstamp plan`
 * asks by. It has to run on one of the cell's SBCs: nobody else may reach these ports. From there an agent can write to a
 * server outside.
 *
 * @example scrapeConfig(deriveCell(parseCell({ name: 'euw1-a', region: 'eu-west-1', aws: {} })))
 */
export function scrapeConfig(cell: Cell): string {
  const targets = cell.hosts.flatMap((host) =>
    hostConfig(cell, host)
      .ports.filter(({ name }) => name.endsWith(metrics))
      .map(({ name, from }) => ({
        job: name.slice(0, -metrics.length),
        host: host.name,
        at: `${host.address}:${from}`,
      })),
  );
  const jobs = [...new Set(targets.map(({ job }) => job))];
  return `# Prometheus for the cell ${cell.name}. It runs on an SBC: only from there the hosts' metrics are reached.
global:
  scrape_interval: 15s
scrape_configs:
${jobs
  .map(
    (job) => `  - job_name: ${job}
    static_configs:
${targets
  .filter((target) => target.job === job)
  .map(({ host, at }) => `      - targets: ['${at}']\n        labels: { cell: ${cell.name}, host: ${host} }`)
  .join('\n')}`,
  )
  .join('\n')}
`;
}
