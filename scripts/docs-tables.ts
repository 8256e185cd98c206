/** Tables of the documentation that are made from data. Each stands in its page between two comments: its name, and the end. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  budgetDays,
  burnRates,
  serviceLevels,
  worstShare,
  type BurnName,
} from '../lib/observability/service-levels.ts';
import {
  edgeMetrics,
  hostMetrics,
  mediaMetrics,
  sbcMetrics,
  tlsMetrics,
  type HostMetric,
} from '../lib/observability/host-metrics.ts';
import { dashboards } from '../lib/observability/dashboards/index.ts';
import { edgePage, sbcPage } from '../lib/observability/kamailio-pages.ts';
import type { MetricPage } from '../lib/observability/metric-page.ts';
import {
  mediaRatios,
  recordedLimits,
  recordedQuantiles,
  recordedRatios,
} from '../lib/observability/recorded-metrics.ts';
import { relayPage } from '../lib/observability/relay-page.ts';
import {
  alertKinds,
  consequences,
  owners,
  pageOf,
  severities,
  type AlertKind,
} from '../lib/observability/alert-kinds.ts';

type Row = readonly string[];

/** A bar would end the field. */
const line = (row: Row): string => `| ${row.map((field) => field.replaceAll('|', '\\|')).join(' | ')} |`;

const table = (head: Row, rows: readonly Row[]): string => [head, head.map(() => '---'), ...rows].map(line).join('\n');

/** Where an alert is about one host or region, its name begins with that. */
const alertsByPlace: Readonly<Record<string, string>> = {
  'active-sbc': 'active-sbc',
  records: 'records',
  ready: 'REGION-ready',
  'redis-cpu': 'redis-N-cpu',
  'redis-memory': 'redis-N-memory',
  'redis-lag': 'redis-N-lag',
};

const nameOf = (kind: AlertKind): string =>
  alertsByPlace[kind] ?? (kind.startsWith('database-') || kind.includes('budget') ? kind : `HOST-${kind}`);

/** Sentences begin with a capital, whatever they are in the data. */
const sentence = (text: string): string => text[0]!.toUpperCase() + text.slice(1).replace(/\.$/, '');

const pageTable = <Name extends string>({ prefix, metrics }: MetricPage<Name>): string =>
  table(
    ['metric', 'labels', 'kind', 'unit', 'meaning'],
    (Object.keys(metrics) as Name[]).map((name) => {
      const { labels = [], kind, unit, what } = metrics[name];
      return [`\`${prefix}${name}\``, labels.map((label) => `\`${label}\``).join(', '), kind, unit, sentence(what)];
    }),
  );

const recordedTable = (
  recorded: Readonly<Record<string, { readonly unit: string; readonly what: string }>>,
  window: string,
): string =>
  table(
    ['series', 'unit', 'meaning'],
    Object.entries(recorded).map(([name, { unit, what }]) => [`\`cellstamp:${name}${window}\``, unit, sentence(what)]),
  );

const publishedTable = (): string => {
  const groups: readonly (readonly [string, Readonly<Record<string, HostMetric>>])[] = [
    ['every host', hostMetrics],
    ['SBC, edge', tlsMetrics],
    ['SBC', sbcMetrics],
    ['media host', mediaMetrics],
    ['edge', edgeMetrics],
  ];
  return table(
    ['metric', 'of', 'kind', 'unit', 'meaning', 'from'],
    groups.flatMap(([of, metrics]) =>
      Object.entries(metrics).map(([name, { kind, unit, what, from }]) => [
        `\`${name}\``,
        of,
        kind,
        unit,
        sentence(what),
        [from ?? []]
          .flat()
          .map((one) => `\`${one}\``)
          .join(', '),
      ]),
    ),
  );
};

const tables: Readonly<Record<string, Readonly<Record<string, () => string>>>> = {
  'docs/service-levels.md': {
    levels: () =>
      table(
        ['service level', 'what is counted', 'objective', `budget of ${budgetDays} days`],
        Object.entries(serviceLevels).map(([name, { what, objective }]) => [
          name,
          what,
          `${Number((100 * objective).toPrecision(6))} %`,
          `${worstShare(objective, 1) * 10_000} in 10,000`,
        ]),
      ),
    burns: () =>
      table(
        ['burn rate', 'over', 'and over', 'alert', 'severity', 'least bad events'],
        Object.entries(serviceLevels).flatMap(([, { alerts }]) =>
          Object.entries(burnRates).map(([burn, { rate, long, short }]) => {
            const { kind, leastBad } = alerts[burn as BurnName];
            return [String(rate), long, short, `\`${kind}\``, alertKinds[kind].severity, String(leastBad)];
          }),
        ),
      ),
  },
  'docs/metrics.md': {
    sbc: () => pageTable(sbcPage),
    edge: () => pageTable(edgePage),
    relay: () => pageTable(relayPage),
    recorded: () => recordedTable({ ...recordedRatios, ...recordedQuantiles }, ':1h'),
    media: () => recordedTable(mediaRatios, ':1h'),
    limits: () => recordedTable(recordedLimits, ''),
    published: publishedTable,
  },
  'docs/dashboards.md': {
    dashboards: () =>
      table(
        ['dashboard', 'what it is for', 'you choose', 'rows'],
        dashboards.map(({ uid, title, what, variables, rows }) => [
          `**${title}**, \`${uid}\``,
          sentence(what),
          variables.map((variable) => variable.title.toLowerCase()).join(', '),
          rows.map((row) => `${row.title.replace(/[.]$/, '')} (${row.panels.length})`).join('; '),
        ]),
      ),
  },
  'docs/alerts.md': {
    severities: () =>
      [
        table(
          ['severity', 'means', 'is', 'answer'],
          Object.entries(severities).map(([name, { means, notify, answer }]) => [
            name,
            means,
            notify === 'page' ? 'a page, at any hour' : 'a ticket',
            answer,
          ]),
        ),
        table(['owner', 'looks after'], Object.entries(owners)),
      ].join('\n\n'),
    consequences: () =>
      table(
        ['while this fires', 'these are held back', 'of'],
        consequences.map(({ of, are, on }) => [
          `\`${nameOf(of)}\``,
          are.map((kind) => `\`${nameOf(kind)}\``).join(', '),
          on === 'host' ? 'the same host' : of === 'ready' ? 'the front in the region' : 'the cell',
        ]),
      ),
    alerts: () =>
      table(
        ['alert', 'severity', 'owner', 'means', 'runbook'],
        (Object.keys(alertKinds) as AlertKind[]).map((kind) => {
          const { severity, owner, title } = alertKinds[kind];
          const page = pageOf(kind);
          return [`\`${nameOf(kind)}\``, severity, owner, title, `[${page}](runbooks/${page}.md)`];
        }),
      ),
  },
};

/** The pages with their tables as the data has them, by path from the root. */
export function pagesWithTables(): readonly (readonly [path: string, text: string])[] {
  return Object.entries(tables).map(([path, made]) => {
    const text = readFileSync(fileURLToPath(new URL(`../${path}`, import.meta.url)), 'utf8');
    const filled = Object.entries(made).reduce((page, [name, rows]) => {
      const place = new RegExp(`(<!-- ${name}: [^\\n]* -->\\n)[^]*?(\\n?<!-- end -->)`);
      if (!place.test(page)) throw new Error(`${path} has no place for the table "${name}"`);
      return page.replace(place, (_, begin, end) => `${begin}\n${rows()}\n${end}`);
    }, text);
    return [path, filled] as const;
  });
}
