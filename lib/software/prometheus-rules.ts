/** Alerts as rules of Prometheus, on the pages that the hosts have themselves. */
import type { Cell, MediaHost } from '../fleet/derive/cell.ts';
import type { Front, FrontRegion } from '../fleet/derive/front.ts';
import {
  cellAlerts,
  hostAlerts,
  regionAlerts,
  type Alert,
  type Expression,
  type HostReading,
  type WatchedHost,
} from '../observability/alerts.ts';
import {
  edgeMetrics,
  hostMetrics,
  mediaMetrics,
  sbcMetrics,
  tlsMetrics,
  type HostMetric,
  type HostMetricName,
} from '../observability/host-metrics.ts';
import { sbcPage } from '../observability/kamailio-pages.ts';
import { series } from '../observability/metric-page.ts';
import { drainedAlert, drainedSeverity } from './alertmanager.ts';
import { callQualityRules } from './call-quality-rules.ts';
import { limitRules } from './limit-rules.ts';
import { alertName, selected, type AlertingRule, type RuleGroup } from './prometheus-rule.ts';
import { serviceLevelRules } from './service-level-rules.ts';

const metrics: Readonly<Record<string, HostMetric>> = {
  ...hostMetrics,
  ...tlsMetrics,
  ...mediaMetrics,
  ...edgeMetrics,
  ...sbcMetrics,
  // Elsewhere the host measures them itself.
  HostHealthy: { ...hostMetrics.HostHealthy, from: 'up' },
  Active: { ...sbcMetrics.Active, from: series(sbcPage, 'active') },
  // No page says whether an edge is being drained: that all of a region are silent is what Prometheus can tell.
  Ready: { ...edgeMetrics.Ready, from: 'up' },
};

/** Labels of all series of a site, and of its alerts. */
type Place = Readonly<Record<'cell', string>> | Readonly<Record<'front' | 'region', string>>;

const isKnown = ({ metric }: HostReading): boolean => metrics[metric]!.from !== undefined;

/**
 * The rules of a cell, evaluated once a minute: alerts on its hosts, its service levels, the quality of its calls, and its limits. Series have the labels `cell` and `host`.
 *
 * @param look what to look at when a service is down
 * @example cellRules(deriveCell(parseCell({ name: 'euw1-a', region: 'eu-west-1', aws: {} })), '...').length // 4
 */
export function cellRules(cell: Cell, look: string): readonly RuleGroup[] {
  return [alertRules(cell, look), serviceLevelRules(cell), callQualityRules(cell), limitRules(cell)];
}

/** Left out are alerts on what no page of the hosts has: memory, disks, certificates, and what EC2 counts. */
export function alertRules(cell: Cell, look: string): RuleGroup<AlertingRule> {
  const { name, sbcs, media } = cell;
  const alerts = [
    ...sbcs.flatMap((host) => seenAlerts(host, 'Kamailio', look)),
    ...media.flatMap((host) => seenAlerts(host, 'rtpengine', look)),
    ...cellAlerts(cell),
  ];
  const rules = [...media.map((host) => drainedRule(name, host)), ...alertingRules({ cell: name }, alerts)];
  return { name: `cellstamp-${name}`, interval: '1m', rules };
}

/**
 * The rules of the front, a group for each region, evaluated once a minute. Series have the labels `front`, `region` and `host`. Left out is
 * what no page of an edge has: its directory, and whether it is drained.
 *
 * @param look what to look at when a service is down
 * @example frontRules(deriveFront(parseFront({ domain: 'voice.example.com', regions: [{ region: 'eu-west-1', network: '10.0.0.0/24' }], aws: {} })), '...').length // 1
 */
export function frontRules(
  { name, regions }: Pick<Front, 'name' | 'regions'>,
  look: string,
): readonly RuleGroup<AlertingRule>[] {
  return regions.map((entry) => ({
    name: `cellstamp-${name}-${entry.region}`,
    interval: '1m',
    rules: alertingRules({ front: name, region: entry.region }, edgeAlerts(entry, look)),
  }));
}

const edgeAlerts = (region: FrontRegion, look: string): readonly Alert[] => [
  ...region.edges.flatMap((edge) => seenAlerts(edge, 'Kamailio', look)),
  ...described(regionAlerts(region), 'Ready', `Prometheus reaches Kamailio on no edge in ${region.region}`),
];

/**
 * The alerts of a host. Prometheus sees one of its programs, by the page that it scrapes: that another service is down is on no page.
 */
const seenAlerts = (host: WatchedHost, program: string, look: string): readonly Alert[] =>
  described(
    hostAlerts(host, look),
    'HostHealthy',
    `Prometheus does not reach ${program} on ${host.hostname}: it is down, or the host is, or the way to it`,
  );

/** With what an alert on a metric means here, where it is not what the hosts themselves would measure. */
const described = (alerts: readonly Alert[], metric: HostMetricName, description: string): readonly Alert[] =>
  alerts.map((alert) =>
    Object.values(alert.readings).some((reading) => reading.metric === metric) ? { ...alert, description } : alert,
  );

const alertingRules = (place: Place, alerts: readonly Alert[]): readonly AlertingRule[] =>
  alerts.filter(({ readings }) => Object.values(readings).every(isKnown)).map((alert) => alertingRule(place, alert));

/** Minutes for which a host that takes calls again counts as drained: a roll restarts it before that, and alerts look back as far. */
const drainedMinutes = 5;

/**
 * Nobody is notified of it: while it fires, Alertmanager holds back the alerts of the host (`alertmanager.ts`). Media hosts alone have a
 * metric that says so.
 */
function drainedRule(cell: string, { name: host, hostname }: MediaHost): AlertingRule {
  const drained = selected(series(sbcPage, 'media_host_drained', host), { cell });
  return {
    alert: drainedAlert,
    expr: `max(max_over_time(${drained}[${drainedMinutes}m])) > 0`,
    labels: { cell, severity: drainedSeverity, host },
    annotations: { summary: `${hostname} is drained, or was until a moment ago` },
  };
}

function alertingRule(place: Place, alert: Alert): AlertingRule {
  const { id, description, readings, when, threshold, minutes, together = false, missing } = alert;
  const { severity, owner, firstLook, runbook } = alert;
  const hosts = [...new Set(Object.values(readings).map(({ host }) => host))];
  const host = hosts.length === 1 ? hosts[0]! : undefined;
  const text = (name: string) => readingText(place, readings[name]!, together ? minutes : 1);
  const expression = alert.expression ?? Object.keys(readings)[0]!;
  const value = promQl(expression, text);
  const unknown = missing === 'breaching' ? namesIn(expression).map((name) => ` or absent(${text(name)})`) : [];
  // What it is about stands in the labels.
  const about = host ?? ('region' in place ? place.region : undefined);
  return {
    alert: alertName(about === undefined ? id : id.slice(about.length + 1)),
    expr: `${value} ${when === 'above' ? '>' : '<'} ${threshold}${unknown.join('')}`,
    // Minutes that are added up are over when they are.
    ...(together ? {} : { for: `${minutes}m` }),
    labels: { ...place, severity, owner, ...(host === undefined ? {} : { host }) },
    annotations: { summary: description, first_look: firstLook, runbook },
  };
}

/** One value without labels, of the last minutes. */
function readingText(place: Place, { host, metric, statistic }: HostReading, minutes: number): string {
  const { kind, from } = metrics[metric]!;
  const over = kind === 'counter' ? 'increase' : statistic === 'Minimum' ? 'min_over_time' : 'max_over_time';
  const parts = [from!].flat().map((one) => `${over}(${selected(one, { ...place, host })}[${minutes}m])`);
  // Of several programs of a host the one that is worst off counts.
  const all = metric === 'HostHealthy' ? 'min' : 'sum';
  return `${all}(${parts.join(' or ')})`;
}

/** Names of readings without which an expression has no value. */
function namesIn(expression: Expression): readonly string[] {
  if (typeof expression === 'string') return [expression];
  if (typeof expression === 'number' || expression[0] === 'orZero') return [];
  return (expression.slice(1) as Expression[]).flatMap(namesIn);
}

/** @param text a reading by its name */
function promQl(expression: Expression, text: (name: string) => string): string {
  if (typeof expression === 'number') return String(expression);
  if (typeof expression === 'string') return text(expression);
  const inner = (one: Expression) => promQl(one, text);
  switch (expression[0]) {
    case 'orZero':
      return `(${text(expression[1])} or vector(0))`;
    case 'abs':
      return `abs(${inner(expression[1])})`;
    case 'if': {
      // Where the condition is 0, a value that is not a number must not count either: "and" takes it away.
      const [, condition, then, otherwise] = expression;
      const value = typeof then === 'number' ? `vector(${then})` : inner(then);
      return `(${value} and ${inner(condition)} == 1 or vector(${otherwise}))`;
    }
    case 'and':
      return `(${inner(expression[1])} * ${inner(expression[2])})`;
    case '>':
    case '==':
      return `(${inner(expression[1])} ${expression[0]} bool ${inner(expression[2])})`;
    default:
      return `(${inner(expression[1])} ${expression[0]} ${inner(expression[2])})`;
  }
}
