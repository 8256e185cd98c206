import { describe, expect, it } from 'vitest';
import { deriveCell } from '../../lib/fleet/derive/cell.ts';
import { deriveFront } from '../../lib/fleet/derive/front.ts';
import { parseCell } from '../../lib/fleet/schema/cell.ts';
import { parseFront } from '../../lib/fleet/schema/front.ts';
import { hostMetrics, mediaMetrics, sbcMetrics, edgeMetrics } from '../../lib/observability/host-metrics.ts';
import { edgePage, sbcPage } from '../../lib/observability/kamailio-pages.ts';
import type { PageMetric } from '../../lib/observability/metric-page.ts';
import { relayPage } from '../../lib/observability/relay-page.ts';
import { edgeConfig } from '../../lib/software/kamailio/edge/config.ts';
import { kamailioConfig } from '../../lib/software/kamailio/sbc/config.ts';

const credentials = { user: 'acme', passwordVariable: 'CARRIER_PASSWORD' };
const cell = deriveCell(
  parseCell({
    ...{ name: 'euw1-a', region: 'eu-west-1', aws: {} },
    // All that makes a section of its own.
    trunks: [
      { name: 'psap', address: '192.0.2.1' },
      { name: 'carrier-a', address: '192.0.2.10', credentials, register: {} },
    ],
    emergency: { DE: { trunks: ['psap'] } },
    fraud: { byTenant: true },
  }),
);
const regions = [{ region: 'eu-west-1', network: '10.15.0.0/24' }];
const front = deriveFront(parseFront({ domain: 'voice.example.com', regions, aws: {} }));
const texts = { sbc: kamailioConfig(cell, cell.sbcs[0]), edge: edgeConfig(front, front.edges[0]!) };

describe.each([
  ['sbc', sbcPage],
  ['edge', edgePage],
] as const)('the page of Kamailio on an %s', (role, { metrics }) => {
  const used = [...texts[role].matchAll(/prom_(counter_inc|gauge_set|histogram_observe)\("(\w+)"((?:, "[^"]*")+)\)/g)];

  it('has the metrics that the routes set, each of its kind, and no others', () => {
    const kinds = { counter_inc: 'counter', gauge_set: 'gauge', histogram_observe: 'histogram' } as const;
    const set = used.map(([, verb, name]): [string, string] => [name!, kinds[verb as keyof typeof kinds]]);
    const listed = Object.entries<PageMetric>(metrics).map(([name, { kind }]): [string, string] => [name, kind]);
    expect(new Map(set.sort())).toEqual(new Map(listed.sort()));
  });

  it('has as many labels as the routes give', () => {
    const given = used.map(([, , name, values]): [string, number] => [name!, values!.split(', ').length - 2]);
    const listed = Object.entries<PageMetric>(metrics).map(([name, { labels = [] }]): [string, number] => [
      name,
      labels.length,
    ]);
    expect([...new Set(given.map(String))].sort()).toEqual(listed.map(String).sort());
  });

  it('has rising buckets where it has a histogram', () => {
    for (const { kind, buckets = [] } of Object.values<PageMetric>(metrics)) {
      expect(buckets.length > 0).toBe(kind === 'histogram');
      expect(buckets).toEqual([...new Set(buckets)].sort((a, b) => a - b));
    }
  });
});

it('the page of the largest SBC fits into what Kamailio has room for', () => {
  // As many values as a cell may have, as long as they may be; a reason is a word of ours.
  const most: Readonly<Record<string, readonly [values: number, length: number]>> = {
    trunk: [101, 32],
    media: [32, 8],
    reason: [100, 24],
  };
  const bytes = Object.entries<PageMetric>(sbcPage.metrics).reduce((sum, [name, { labels = [], buckets = [] }]) => {
    const each = labels.map((label) => most[label] ?? ([10, 16] as const));
    const labelBytes = labels.reduce((length, label, at) => length + `${label}="", `.length + each[at]![1], 0);
    const line = `${sbcPage.prefix}${name}_bucket{, le="11000.000000"} 123456789012.000000 1796073939633\n`.length;
    const lines = each.reduce((product, [values]) => product * values, buckets.length === 0 ? 1 : buckets.length + 3);
    return sum + lines * (line + labelBytes);
  }, 0);
  const [, room] = /"xhttp_prom_buf_size", (\d+)/.exec(texts.sbc)!;
  expect(bytes).toBeLessThan(Number(room));
});

describe('a metric whose name says its unit', () => {
  const units = { seconds: 'seconds', milliseconds: 'milliseconds', percent: 'percent' } as const;
  const pages = [sbcPage, edgePage, relayPage].flatMap(({ metrics }) =>
    Object.entries<PageMetric>(metrics).map(([name, { unit }]) => ({ name, unit })),
  );

  it.each(Object.entries(units))('in %s has it', (word, unit) => {
    const named = pages.filter(({ name }) => new RegExp(`_${word}(_total)?$`).test(name));
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((metric) => metric.unit !== unit)).toEqual([]);
  });
});

describe('what hosts publish', () => {
  it('are series with labels that a route gives, where Kamailio counts them', () => {
    const from = Object.values({ ...hostMetrics, ...mediaMetrics, ...sbcMetrics, ...edgeMetrics }).flatMap((metric) =>
      'from' in metric ? [metric.from].flat() : [],
    );
    const labelled = from.filter((one) => one.startsWith('cellstamp_') && one.includes('='));
    expect(labelled.length).toBeGreaterThan(0);
    for (const one of labelled) {
      const [, value] = /="(\w+)"/.exec(one)!;
      expect(`${texts.sbc}${texts.edge}`).toMatch(new RegExp(`"${value}"`));
    }
  });
});
