/** What a cell's file allows as series of Prometheus, beside what is used of it. */
import type { Cell } from '../fleet/derive/cell.ts';
import { callsWithOneHostLost } from '../fleet/relay-capacity.ts';
import type { recordedLimits } from '../observability/recorded-metrics.ts';
import { record, type RecordingRule, type RuleGroup } from './prometheus-rule.ts';

export function limitRules({ name: cell, spec }: Cell): RuleGroup<RecordingRule> {
  const limit = (name: keyof typeof recordedLimits, value: number, labels: RecordingRule['labels'] = {}) =>
    record({ cell, ...labels }, name, `vector(${value})`);
  return {
    name: `cellstamp-${cell}-limits`,
    interval: '1m',
    rules: [
      limit('calls_limit', callsWithOneHostLost(spec)),
      limit('setups_limit', spec.sbc.setupsPerSecond),
      ...spec.trunks.map(({ name: trunk, limits }) => limit('trunk_calls_limit', limits.calls, { trunk })),
    ],
  };
}
