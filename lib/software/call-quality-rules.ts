/** Quality of calls as rules of Prometheus: ratios and quantiles over an hour, for a cell, its trunks, its pools and its media hosts. */
import type { Cell } from '../fleet/derive/cell.ts';
import {
  mediaRatios,
  recordedQuantiles,
  recordedRatios,
  type MediaRatio,
  type RecordedQuantile,
  type RecordedRatio,
} from '../observability/recorded-metrics.ts';
import { record, selected, type RecordingRule, type RuleGroup } from './prometheus-rule.ts';

export function callQualityRules(cell: Cell): RuleGroup<RecordingRule> {
  return {
    name: `cellstamp-${cell.name}-call-quality`,
    interval: '1m',
    rules: [
      ...Object.entries(recordedRatios).map(([name, ratio]) => ratioRule(cell.name, name, ratio)),
      ...Object.entries(recordedQuantiles).map(([name, quantile]) => quantileRule(cell.name, name, quantile)),
      ...Object.entries(mediaRatios).flatMap(([name, ratio]) => [
        ratioRule(cell.name, name, ratio),
        ...Object.entries(cell.spec.media.pools).map(([pool, numbers]) => poolRule(cell, name, ratio, pool, numbers)),
        hostRule(cell.name, name, ratio),
      ]),
    ],
  };
}

const scaled = (times = 1, expr: string): string => (times === 1 ? expr : `${times} * ${expr}`);

const increase = (name: string, cell: string): string => `increase(${selected(name, { cell })}[1h])`;

/** @param sum of an increase */
const quotient = ({ of, by, times }: RecordedRatio | MediaRatio, sum: (name: string) => string): string =>
  scaled(times, `${sum(of)} / (${sum(by)} > 0)`);

const sumBy = (per: string | undefined): string => (per === undefined ? 'sum' : `sum by (${per}) `);

function ratioRule(cell: string, name: string, ratio: RecordedRatio): RecordingRule {
  return record(
    { cell },
    `${name}:1h`,
    quotient(ratio, (one) => `${sumBy(ratio.per)}(${increase(one, cell)})`),
  );
}

function quantileRule(cell: string, name: string, { of, quantile, per, times }: RecordedQuantile): RecordingRule {
  const buckets = `sum by (${per === undefined ? 'le' : `le, ${per}`}) (${increase(of, cell)})`;
  // Without a call it is not a number: unknown.
  return record({ cell }, `${name}:1h`, scaled(times, `(histogram_quantile(${quantile}, ${buckets}) >= 0)`));
}

function poolRule(
  { name: cell, media }: Cell,
  name: string,
  ratio: MediaRatio,
  pool: string,
  numbers: readonly number[],
) {
  const hosts = media.filter(({ number }) => numbers.includes(number)).map((host) => host.name);
  const matcher = `${ratio.mediaLabel}=~"${hosts.join('|')}"`;
  return record(
    { cell, pool },
    `pool_${name}:1h`,
    quotient(ratio, (one) => `sum(${increase(`${one}{${matcher}}`, cell)})`),
  );
}

function hostRule(cell: string, name: string, ratio: MediaRatio): RecordingRule {
  const { mediaLabel } = ratio;
  // What the SBCs count of a media host has the SBC's name as its host.
  const ofHosts = (one: string) =>
    mediaLabel === 'host'
      ? increase(one, cell)
      : `label_replace(sum by (media) (${increase(one, cell)}), "host", "$1", "media", "(.+)")`;
  return record(
    { cell },
    `host_${name}:1h`,
    quotient(ratio, (one) => `sum by (host) (${ofHosts(one)})`),
  );
}
