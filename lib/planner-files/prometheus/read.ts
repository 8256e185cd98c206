/** What Prometheus knows of the fleet: the histories of cells, and how they are now. */
import { dirname } from 'node:path';
import { counted } from '../../config-file/counted.ts';
import type { Signals } from '../../planner/plan/input.ts';
import type { Resource } from '../../planner/resources.ts';
import type { CellSpec } from '../../fleet/schema/cell.ts';
import type { Finding, Path } from '../../config-file/finding.ts';
import { errorAt } from '../../config-file/checked-file.ts';
import { gridEnd, intervalAt, unknownValues, type Grid, type Values } from '../history/grid.ts';
import type { Measured } from '../history/measured.ts';
import type { PlanningFile } from '../read-planning.ts';
import { SecretMissing } from '../secret.ts';
import { authenticator } from './authenticate.ts';
import { Prometheus, PrometheusFailure, type Series } from './client.ts';
import { HostCounts } from './host-counts.ts';
import {
  atInstant,
  HOST_MEASURES,
  MEASURES,
  overIntervals,
  RESOURCE_MEASURES,
  SIGNAL_MEASURES,
  SUMMED_OVER,
  type HostMeasure,
  type MeasureName,
} from './queries.ts';
import type { PrometheusSettings } from './schema.ts';

export interface PrometheusRead {
  readonly findings: readonly Finding[];
  readonly notes: readonly string[];
  /** By cell; empty where nothing was asked. */
  readonly signals: ReadonlyMap<string, Signals>;
  /** Numbers of the media hosts that take new calls, by cell, where that is known of all of them. */
  readonly inService: ReadonlyMap<string, readonly number[]>;
}

export interface PrometheusReadOptions {
  readonly grid: Grid;
  readonly now: number;
  /** Those that are built. */
  readonly cells: readonly CellSpec[];
  readonly signal?: AbortSignal;
  readonly onProgress?: (text: string) => void;
}

/** Adds histories to `measured` where nothing else is known. With findings, nobody should plan on it. */
export async function readPrometheus(
  planning: PlanningFile,
  measured: Measured,
  options: PrometheusReadOptions,
): Promise<PrometheusRead> {
  const settings = planning.value.history.prometheus;
  const nothing: PrometheusRead = { findings: [], notes: [], signals: new Map(), inService: new Map() };
  if (settings === undefined) return nothing;
  const place: Path = ['history', 'prometheus'];
  const refused = (path: Path, message: string, allowed: string): PrometheusRead => ({
    ...nothing,
    findings: [errorAt(planning.source, [...place, ...path], message, allowed)],
  });
  try {
    const authenticate = await authenticator(settings, dirname(planning.path));
    const { url, timeoutSeconds } = settings;
    const { signal } = options;
    const server = new Prometheus({ url, authenticate, timeoutMs: timeoutSeconds * 1000, ...(signal && { signal }) });
    return await readAll(server, planning, measured, options);
  } catch (error) {
    if (error instanceof SecretMissing) return refused(['auth'], error.message, error.allowed);
    if (error instanceof PrometheusFailure) return refused(['url'], error.message, error.allowed);
    throw error;
  }
}

/** Asks for one measure; undefined where it is not asked for, or its answer is of no use. */
type Ask = <T>(name: MeasureName, answer: (query: string) => Promise<T>) => Promise<T | undefined>;

async function readAll(
  server: Prometheus,
  { value, source }: PlanningFile,
  measured: Measured,
  options: PrometheusReadOptions,
): Promise<PrometheusRead> {
  const { url, cellLabel, queries } = value.history.prometheus!;
  const findings: Finding[] = [];
  const ask: Ask = async (name, answer) => {
    const query = queries[name] ?? MEASURES[name].promql;
    if (query === undefined || query === 'off') return undefined;
    options.onProgress?.(`asking Prometheus for ${name}`);
    try {
      return await answer(query);
    } catch (error) {
      if (!(error instanceof PrometheusFailure && error.queryOnly)) throw error;
      findings.push(errorAt(source, ['history', 'prometheus', 'queries', name], error.message, error.allowed));
      return undefined;
    }
  };
  const notes = await readHistories(ask, server, value.history.prometheus!, measured, options);
  if (isOpen(value.history.prometheus!))
    notes.push(`the secret for ${url} goes over the network in the open: use https`);
  // A query that is wrong for a history is wrong for an instant.
  if (findings.length > 0) return { findings, notes, signals: new Map(), inService: new Map() };
  const signals = await readSignals(ask, server, cellLabel, options);
  const inService = await readInService(ask, server, cellLabel, options);
  return { findings, notes, signals, inService };
}

/** Whether whoever is on the way can read the password or the token. */
function isOpen({ url, auth }: PrometheusSettings): boolean {
  const { protocol, hostname } = new URL(url);
  const loopback = /^(localhost|127\..*|\[::1\])$/.test(hostname);
  return protocol === 'http:' && !loopback && (auth.basic !== undefined || auth.bearer !== undefined);
}

/** @returns notes about what is unknown */
async function readHistories(
  ask: Ask,
  server: Prometheus,
  { cellLabel, queries }: PrometheusSettings,
  measured: Measured,
  { grid, cells }: PrometheusReadOptions,
): Promise<string[]> {
  const notes: string[] = [];
  const step = grid.stepMinutes * 60;
  const [first, last] = [grid.start / 1000 + step, gridEnd(grid) / 1000];
  const history = (name: MeasureName) =>
    ask(name, async (query) =>
      byCell(await server.range(overIntervals(query, cellLabel, grid.stepMinutes), first, last, step), cellLabel),
    );
  const hosts = new Map<HostMeasure, HostCounts>();
  for (const name of Object.keys(HOST_MEASURES) as HostMeasure[]) {
    for (const [cell, points] of (await history(name)) ?? []) {
      const counts = hosts.get(name) ?? new HostCounts(grid);
      hosts.set(name, counts);
      counts.set(cell, placed(points, grid));
    }
  }
  for (const resource of Object.keys(RESOURCE_MEASURES) as Resource[]) {
    const found = await history(resource);
    if (found === undefined) continue;
    const missing = cells.filter(({ name }) => !found.has(name)).map(({ name }) => name);
    if (missing.length > 0) notes.push(`Prometheus knows no ${resource} of ${missing.join(', ')}`);
    // A query of one's own may add up over other things.
    const summedOver = queries[resource] === undefined ? SUMMED_OVER[resource] : undefined;
    for (const spec of cells) {
      const cell = spec.name;
      const points = found.get(cell);
      if (points === undefined) continue;
      const values = placed(points, grid);
      const partly = summedOver === undefined ? 0 : (hosts.get(summedOver)?.forget(values, spec, summedOver) ?? 0);
      const gaps = values.reduce((count, point) => count + (Number.isNaN(point) ? 1 : 0), 0);
      if (gaps > 0) {
        const because = partly === 0 ? '' : `, in ${partly} of them as metrics of some of its hosts are missing`;
        notes.push(
          `Prometheus: ${resource} of ${cell} is unknown in ${gaps} of ${counted(grid.length, 'interval')}${because}`,
        );
      }
      measured.add('cell', cell, resource, values);
    }
  }
  return notes;
}

const SIGNALS = [
  'relayedCalls',
  'setups',
  ...Object.keys(SIGNAL_MEASURES),
  ...Object.keys(HOST_MEASURES),
] as (keyof Signals & MeasureName)[];

/** How the cells are at the plan's moment. */
async function readSignals(
  ask: Ask,
  server: Prometheus,
  cellLabel: string,
  { now, cells }: PrometheusReadOptions,
): Promise<PrometheusRead['signals']> {
  const time = Math.floor(now / 1000);
  const signals = new Map<string, { -readonly [K in keyof Signals]: Signals[K] }>();
  for (const name of SIGNALS) {
    const found = await ask(name, async (query) =>
      byCell(await server.at(atInstant(query, cellLabel), time), cellLabel),
    );
    for (const { name: cell } of cells) {
      const value = Number(found?.get(cell)?.at(-1)?.[1]);
      if (!Number.isFinite(value)) continue;
      const signal = signals.get(cell) ?? { measuredAt: time * 1000 };
      signals.set(cell, signal);
      signal[name] = value;
    }
  }
  return signals;
}

/** Which media hosts are not drained at the plan's moment. */
async function readInService(
  ask: Ask,
  server: Prometheus,
  cellLabel: string,
  { now, cells }: PrometheusReadOptions,
): Promise<PrometheusRead['inService']> {
  const time = Math.floor(now / 1000);
  const series = await ask('drainedHosts', (query) => server.at(atInstant(query, cellLabel), time));
  const drained = new Map(
    series?.map(({ metric, values }) => [`${metric[cellLabel]} ${metric['media']}`, values[0]?.[1]]),
  );
  const known = cells.flatMap(({ name, media }): [string, number[]][] => {
    const hosts = Array.from({ length: media.hosts }, (_, i) => i + 1);
    const states = hosts.map((number) => drained.get(`${name} media-${number}`));
    return states.includes(undefined) ? [] : [[name, hosts.filter((_, i) => Number(states[i]) === 0)]];
  });
  return new Map(known);
}

/** One series a cell. */
function byCell(series: readonly Series[], label: string): ReadonlyMap<string, Series['values']> {
  const found = new Map<string, Series['values']>();
  for (const { metric, values } of series) {
    const cell = metric[label];
    if (cell === undefined) {
      const labels = Object.keys(metric).join(', ') || 'none';
      throw new PrometheusFailure(
        `a series has no label ${label}, only ${labels}`,
        `series with ${label}, see cellLabel`,
        true,
      );
    }
    if (found.has(cell))
      throw new PrometheusFailure(`${cell} has two series`, `a query with one series for each ${label}`, true);
    found.set(cell, values);
  }
  return found;
}

/** What is negative, infinite or no number can't have been measured, and is unknown. */
function placed(points: Series['values'], grid: Grid): Values {
  const values = unknownValues(grid);
  for (const [time, text] of points) {
    // A point stands for the interval that ends at its time.
    const interval = intervalAt(grid, time * 1000 - 1);
    const value = Number(text);
    if (interval >= 0 && interval < values.length && value >= 0 && value < Infinity) values[interval] = value;
  }
  return values;
}
