/**
 * What every panel asks, answered by the query engine of Debian's Prometheus over an hour of two cells and a front: all series of the hosts'
 * pages, and what the rules record of them.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { deriveCell } from '../../lib/fleet/derive/cell.ts';
import { parseCell } from '../../lib/fleet/schema/cell.ts';
import { dashboards } from '../../lib/observability/dashboards/index.ts';
import { rateTime } from '../../lib/observability/dashboards/dashboard.ts';
import { edgePage, outcomes, ownFaults, sbcPage } from '../../lib/observability/kamailio-pages.ts';
import type { MetricPage, PageMetric } from '../../lib/observability/metric-page.ts';
import { relayPage } from '../../lib/observability/relay-page.ts';
import { cellRules } from '../../lib/software/prometheus-rules.ts';
import { describeWith } from '../requirements.ts';

const cells = ['a', 'b'].map((name) =>
  deriveCell(
    parseCell({
      name,
      region: 'eu-west-1',
      local: {},
      size: 'test',
      media: { hosts: 2 },
      trunks: [
        { name: 'carrier-a', address: '192.0.2.10' },
        { name: 'carrier-b', address: '192.0.2.11' },
      ],
    }),
  ),
);

/** What the labels of the pages say, on a day on which everything has happened once. */
const values: Readonly<Record<string, readonly string[]>> = {
  country: ['DE'],
  kind: ['user', 'in', 'out', 'feature'],
  reason: [...ownFaults.rejected_total, ...ownFaults.ended_total, 'hung_up', 'refused', 'shared_calls', 'banned'],
  outcome: outcomes,
  trunk: ['-', 'carrier-a', 'carrier-b'],
  media: ['media-1', 'media-2'],
  what: ['message', 'headers', 'answer'],
  step: ['queued', 'sent', 'lost', 'taken_over'],
  part: ['sbc', 'media-1', 'media-2', 'record', 'database'],
  method: ['INVITE', 'BYE', 'CANCEL'],
  type: ['own', 'foreign', 'userspace', 'kernel', 'mixed'],
};

/** Every combination of the labels' values, as matchers. */
const combinations = (labels: readonly string[]): readonly (readonly string[])[] =>
  labels.reduce<readonly (readonly string[])[]>(
    (found, label) => found.flatMap((one) => values[label]!.map((value) => [...one, `${label}="${value}"`])),
    [[]],
  );

/** A page over an hour and a half, a value a minute. */
function recorded<Name extends string>({ prefix, metrics }: MetricPage<Name>, place: readonly string[]) {
  return Object.entries<PageMetric>(metrics).flatMap(([name, { kind, labels = [], buckets = [] }]) => {
    const line = (suffix: string, more: readonly string[], growth: number) => ({
      series: `${prefix}${name}${suffix}{${[...place, ...more].join(', ')}}`,
      values: kind === 'gauge' ? '1x90' : `0+${growth}x90`,
    });
    return combinations(labels).flatMap((own) =>
      kind === 'histogram'
        ? [
            ...[...buckets.map((end) => end.toFixed(6)), '+Inf'].map((end, at) =>
              line('_bucket', [...own, `le="${end}"`], at + 1),
            ),
            line('_sum', own, 1000),
            line('_count', own, buckets.length + 1),
          ]
        : [line('', own, 10)],
    );
  });
}

const up = (place: readonly string[]) => ({ series: `up{${place.join(', ')}}`, values: '1x90' });

const hour = [
  ...cells.flatMap(({ name, sbcs, media }) => [
    ...sbcs.flatMap((host) => recorded(sbcPage, [`cell="${name}"`, `host="${host.name}"`])),
    ...media.flatMap((host) => recorded(relayPage, [`cell="${name}"`, `host="${host.name}"`])),
    ...[...sbcs, ...media].map((host) => up([`cell="${name}"`, `host="${host.name}"`, 'job="page"'])),
  ]),
  ...['eu-west-1-edge-1', 'eu-west-1-edge-2'].flatMap((host) => {
    const place = ['front="front"', 'region="eu-west-1"', `host="${host}"`];
    return [...recorded(edgePage, place), up(place)];
  }),
];

/** With all cells, trunks and regions chosen. */
const filledIn = (promQl: string): string =>
  promQl.replaceAll(rateTime, '5m').replaceAll(/\$(cell|trunk|region)\b/g, '.+');

describeWith(['prometheus'], 'the dashboards', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'cellstamp-dashboards-'));
    const groups = cells.flatMap((cell) => cellRules(cell, 'its log'));
    writeFileSync(join(folder, 'rules.yml'), stringify({ groups }, { lineWidth: 0 }));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /**
   * @param recording whether the rules record meanwhile
   * @returns what promtool says against these queries having an answer with data; nothing when all have
   */
  const answered = (queries: readonly string[], recording = false): string => {
    const test = {
      interval: '1m',
      input_series: hour,
      promql_expr_test: queries.map((query) => ({
        // Without data there is nothing to count. (A value that is not a number is no data either.)
        expr: `count((${query}) > -Inf) > bool 0`,
        eval_time: '80m',
        exp_samples: [{ labels: '{}', value: 1 }],
      })),
    };
    writeFileSync(
      join(folder, 'test.yml'),
      stringify(
        { rule_files: recording ? ['rules.yml'] : [], evaluation_interval: '1m', tests: [test] },
        { lineWidth: 0 },
      ),
    );
    const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', 'test.yml'], {
      cwd: folder,
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    });
    return status === 0 ? '' : `${stdout}${stderr}`;
  };

  it('ask in every panel for what is there', () => {
    const queries = dashboards.flatMap(({ rows }) =>
      rows.flatMap(({ panels }) => panels.flatMap((panel) => panel.queries.map(({ promQl }) => filledIn(promQl)))),
    );
    expect(queries.length).toBeGreaterThan(50);
    expect(answered([...new Set(queries)], true)).toBe('');
  });

  it('offer what there is to choose from', () => {
    const queries = dashboards.flatMap(({ variables }) =>
      variables.map(({ name, of }) => `group by (${name}) (${filledIn(of)}) unless on (${name}) vector(0)`),
    );
    expect(answered([...new Set(queries)])).toBe('');
  });

  it('would be found wanting: a label that no page has is nothing', () => {
    expect(answered(['cellstamp_sbc_calls{tenant="acme"}'])).toContain('FAILED');
  });
});
