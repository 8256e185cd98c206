/** Rules of Prometheus, as its files have them. */

export interface AlertingRule {
  /** `CellstampRecordsWaiting`: the same of every host and cell. */
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  /** `cell`, `severity`, `owner`, and `host` where it is one host's. */
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: { readonly summary: string; readonly first_look?: string; readonly runbook?: string };
}

/** A series that is worked out once, for rules, panels and people. */
export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface RuleGroup<Rule = AlertingRule | RecordingRule> {
  readonly name: string;
  readonly interval: string;
  readonly rules: readonly Rule[];
}

/**
 * A series of some hosts.
 *
 * @param name may have a label: `cellstamp_sbc_records_total{step="sent"}`
 * @example selected('up', { cell: 'euw1-a', host: 'sbc-1' }) // 'up{cell="euw1-a", host="sbc-1"}'
 */
export function selected(name: string, labels: Readonly<Record<string, string>>): string {
  const [metric, own = ''] = name.split(/[{}]/);
  const matchers = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return `${metric}{${[own, ...matchers].filter((matcher) => matcher !== '').join(', ')}}`;
}

/** @param name after `cellstamp:` */
export const record = (labels: RecordingRule['labels'], name: string, expr: string): RecordingRule => ({
  record: `cellstamp:${name}`,
  expr,
  labels,
});

/** @example alertName('active-sbc') // 'CellstampActiveSbc' */
export function alertName(id: string): string {
  const words = id.split('-').map((word) => word[0]!.toUpperCase() + word.slice(1));
  return `Cellstamp${words.join('')}`;
}
