/** Service levels as rules of Prometheus: what is counted over each window, and alerts on how fast the budget burns. */
import type { Cell } from '../fleet/derive/cell.ts';
import { responseTo } from '../observability/alert-kinds.ts';
import { ownFaults, sbcPage } from '../observability/kamailio-pages.ts';
import { series } from '../observability/metric-page.ts';
import {
  budgetDays,
  burnRates,
  serviceLevels,
  windows,
  worstShare,
  type BurnName,
  type LevelName,
  type Window,
} from '../observability/service-levels.ts';
import {
  alertName,
  record,
  selected,
  type AlertingRule,
  type RecordingRule,
  type RuleGroup,
} from './prometheus-rule.ts';

/** Rules are evaluated once a minute: a recorded sample is a minute. */
const interval = '1m';

/** A group of rules for one cell: recorded events of each service level over each window, what is left of the budget, and the alerts. */
export function serviceLevelRules(cell: Cell): RuleGroup {
  const levels: readonly LevelName[] =
    cell.spec.probe.intervalSeconds === 'off' ? ['calls'] : (Object.keys(serviceLevels) as LevelName[]);
  return {
    name: `cellstamp-${cell.name}-service-levels`,
    interval,
    rules: [
      ...levels.flatMap((level) => [
        ...(level === 'calls' ? callEvents(cell.name) : minuteEvents(cell)),
        budgetRule(cell.name, level),
        ...(Object.keys(burnRates) as BurnName[]).map((burn) => burnRule(cell.name, level, burn)),
      ]),
    ],
  };
}

const recorded = (name: string, cell: string): string => selected(`cellstamp:${name}`, { cell });

/** An increase over days would read every sample of every series once a minute: these add up the increase over an hour, minute by minute. */
const isLong = (window: Window): boolean => window.endsWith('d');

function callEvents(cell: string): readonly RecordingRule[] {
  const increase = (name: 'setups_total' | 'rejected_total' | 'ended_total', window: Window) => {
    const reasons = name === 'setups_total' ? '' : `{reason=~"${ownFaults[name].join('|')}"}`;
    return `sum(increase(${selected(`${series(sbcPage, name)}${reasons}`, { cell })}[${window}]))`;
  };
  return windows.flatMap((window) => {
    const events = (which: string, sum: string) =>
      record(
        { cell },
        `calls_${which}:${window}`,
        isLong(window) ? `sum_over_time(${recorded(`calls_${which}:1h`, cell)}[${window}]) / 60` : sum,
      );
    const turnedAway = increase('rejected_total', window);
    return [
      events('bad', `${turnedAway} + ${increase('ended_total', window)}`),
      events('all', `${turnedAway} + ${increase('setups_total', window)}`),
    ];
  });
}

function minuteEvents(cell: Cell): readonly RecordingRule[] {
  const { name } = cell;
  const isBad = recorded('minute_bad', name);
  return [
    record({ cell: name }, 'minute_bad', minuteIsBad(cell)),
    ...windows.flatMap((window) => [
      record({ cell: name }, `minutes_bad:${window}`, `sum_over_time(${isBad}[${window}])`),
      record({ cell: name }, `minutes_all:${window}`, `count_over_time(${isBad}[${window}])`),
    ]),
  ];
}

/**
 * 1 or 0; nothing where nobody knows, as while the probe says nothing. Without an active SBC, or without the page of any SBC, it is 1: what
 * the probe said last is then not there to be asked.
 */
function minuteIsBad({ name: cell, sbcs }: Cell): string {
  const ofHosts = (metric: string) => `max by (host) (${selected(metric, { cell })})`;
  const active = ofHosts(series(sbcPage, 'active'));
  const sbc = ofHosts(series(sbcPage, 'probe_good', 'sbc'));
  const media = ofHosts(`${series(sbcPage, 'probe_good')}{part=~"media-.*"}`);
  const pages = selected(`up{host=~"${sbcs.map(({ name }) => name).join('|')}"}`, { cell });
  return [
    `(1 - max((${active} == 1) * on (host) ${sbc} * on (host) ${media}))`,
    `(max(${active}) == 0) + 1`,
    `(max(${pages}) == 0) + 1`,
  ].join(' or ');
}

const share = (cell: string, level: LevelName, window: Window): string =>
  `${recorded(`${level}_bad:${window}`, cell)} / ${recorded(`${level}_all:${window}`, cell)}`;

/** 1 while nothing of the budget is used, 0 once all of it is, below 0 when the objective is missed. */
function budgetRule(cell: string, level: LevelName): RecordingRule {
  const { objective } = serviceLevels[level];
  return record(
    { cell },
    `${level}_budget_left`,
    `1 - ${share(cell, level, `${budgetDays}d`)} / ${worstShare(objective, 1)}`,
  );
}

function burnRule(cell: string, level: LevelName, burn: BurnName): AlertingRule {
  const { objective, alerts } = serviceLevels[level];
  const { kind, leastBad } = alerts[burn];
  const { rate, long, short } = burnRates[burn];
  const { severity, owner, firstLook, runbook } = responseTo(kind);
  const worst = worstShare(objective, rate);
  return {
    alert: alertName(kind),
    expr: [
      `${recorded(`${level}_bad:${long}`, cell)} >= ${leastBad}`,
      `${share(cell, level, long)} > ${worst}`,
      `${share(cell, level, short)} > ${worst}`,
    ].join(' and '),
    labels: { cell, severity, owner },
    annotations: {
      summary: `The budget of bad ${level} of cell ${cell} burns at a rate above ${rate}, over ${long} and ${short}`,
      first_look: firstLook,
      runbook,
    },
  };
}
