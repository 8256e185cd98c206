/**
 * What calls take of the processors of hosts, as Prometheus saw it. The processor's metrics are those of the Prometheus node
 * exporter, which no generated host runs: it has to be scraped with the labels of the cell's other metrics, `cell` and `host`.
 */
import { sbcPage } from '../../observability/kamailio-pages.ts';
import { series } from '../../observability/metric-page.ts';
import { relayPage } from '../../observability/relay-page.ts';
import type { FigureName } from '../../planner/component-figures.ts';
import { gridBefore, gridEnd } from '../history/grid.ts';
import type { ProcessorWork } from '../measured-figures.ts';
import type { Prometheus, Series } from './client.ts';
import { atInstant, overIntervals } from './queries.ts';

interface Work {
  /** What the names of the hosts begin with. */
  readonly role: 'sbc' | 'media';
  /** How much of it goes on at once, or in a second, by host. */
  readonly query: string;
  readonly unit: string;
}

const HOSTS = 'sum by ($cell, host)';
const SETUPS: Work = {
  role: 'sbc',
  query: `${HOSTS} (rate(${series(sbcPage, 'setups_total')}[$step]))`,
  unit: 'set-ups',
};
const RELAY: Work = {
  role: 'media',
  query: `${HOSTS} (avg_over_time(${series(relayPage, 'sessions', 'own')}[$step]))`,
  unit: 'seconds of relayed calls',
};
/** Processors, whoever used them: the kernel's forwarding is in it. */
const processors = (role: Work['role']): string =>
  `${HOSTS} (rate(node_cpu_seconds_total{mode!~"idle|iowait",host=~"${role}-.*"}[$step]))`;
const cores = (role: Work['role']): string =>
  `count by ($cell, host) (node_cpu_seconds_total{mode="idle",host=~"${role}-.*"})`;
const inKernel = `${HOSTS} (avg_over_time(${series(relayPage, 'mediastreams', 'kernel')}[$step])) / (${HOSTS} (avg_over_time(${series(relayPage, 'mediastreams')}[$step])) > 0)`;

const HOUR = 3600;

export interface MeasuredWorkOptions {
  /** Milliseconds since 1970 UTC. */
  readonly now: number;
  readonly weeks: number;
  readonly cellLabel: string;
  /** Default: the busiest host of all cells. */
  readonly cell?: string;
  readonly onProgress?: (text: string) => void;
}

/** The work of the busiest hour of the busiest SBC and media host, with the processor time of the whole host. */
export async function prometheusWork(
  server: Prometheus,
  options: MeasuredWorkOptions,
): Promise<{ readonly works: readonly ProcessorWork[]; readonly notes: readonly string[] }> {
  const works: ProcessorWork[] = [];
  const notes: string[] = [];
  for (const work of [SETUPS, RELAY]) {
    options.onProgress?.(`asking Prometheus for ${work.unit} and the processors of the ${work.role} hosts`);
    const busiest = await busiestHour(server, work, options);
    if (typeof busiest === 'string') {
      notes.push(busiest);
      continue;
    }
    const { cell, host, time, amount, busy } = busiest;
    const here = await server.at(atInstant(work.role === 'sbc' ? cores('sbc') : inKernel, options.cellLabel), time);
    const found = Number(here.find((series) => key(series, options) === `${cell} ${host}`)?.values[0]?.[1]);
    const figure: FigureName =
      work.role === 'sbc' ? 'sbcSetups' : found > 0.5 ? 'kernelCallsPerCore' : 'userspaceCallsPerCore';
    works.push({
      figure,
      program: 'the host',
      work: amount * HOUR,
      unit: `${work.unit} in the hour to ${new Date(time * 1000).toISOString()} on ${host} of ${cell}`,
      processorSeconds: busy * HOUR,
      ...(work.role === 'sbc' && found >= 1 && { cores: found }),
    });
  }
  return { works, notes };
}

interface BusiestHour {
  readonly cell: string;
  readonly host: string;
  /** End of the hour, seconds since 1970. */
  readonly time: number;
  readonly amount: number;
  /** Cores that were busy, on average. */
  readonly busy: number;
}

/** The hour in which a host did most, of those in which its processors are known; or why there is none. */
async function busiestHour(
  server: Prometheus,
  { role, query, unit }: Work,
  options: MeasuredWorkOptions,
): Promise<BusiestHour | string> {
  const grid = gridBefore(options.now, 60, options.weeks);
  const range = (promql: string): Promise<readonly Series[]> =>
    server.range(
      overIntervals(promql, options.cellLabel, grid.stepMinutes),
      grid.start / 1000 + HOUR,
      gridEnd(grid) / 1000,
      HOUR,
    );
  const busy = new Map((await range(processors(role))).map((series) => [key(series, options), new Map(series.values)]));
  let most: BusiestHour | undefined;
  for (const series of await range(query)) {
    const [cell, host] = [series.metric[options.cellLabel], series.metric['host']];
    if (cell === undefined || host === undefined || (options.cell ?? cell) !== cell) continue;
    for (const [time, text] of series.values) {
      const cores = Number(busy.get(key(series, options))?.get(time));
      const amount = Number(text);
      if (cores > 0 && amount > (most?.amount ?? 0)) most = { cell, host, time, amount, busy: cores };
    }
  }
  const where = options.cell === undefined ? '' : ` of ${options.cell}`;
  return (
    most ?? `${unit}${where}: Prometheus knows no hour with calls and node_cpu_seconds_total of the same ${role} host`
  );
}

const key = ({ metric }: Series, { cellLabel }: MeasuredWorkOptions): string =>
  `${metric[cellLabel]} ${metric['host']}`;
