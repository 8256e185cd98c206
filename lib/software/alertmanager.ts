/** How alerts reach people: routes by severity, and what holds an alert back. */
import { consequences, severities, type Severity } from '../observability/alert-kinds.ts';
import { alertName } from './prometheus-rule.ts';

/** The rule that says that a host is drained, and what stands in the place of its severity. */
export const drainedAlert = 'CellstampDrained';
export const drainedSeverity = 'none';

/** Alerts of this project alone: others may use the same severities. */
const ownAlerts = 'alertname=~"Cellstamp.+"';

interface Route {
  readonly receiver: string;
  readonly matchers: readonly string[];
  readonly group_wait?: string;
  readonly repeat_interval?: string;
}

interface InhibitRule {
  readonly source_matchers: readonly string[];
  readonly target_matchers: readonly string[];
  readonly equal: readonly string[];
}

export interface AlertmanagerConfig {
  readonly route: {
    readonly receiver: string;
    readonly group_by: readonly string[];
    readonly group_wait: string;
    readonly group_interval: string;
    readonly repeat_interval: string;
    readonly routes: readonly Route[];
  };
  readonly inhibit_rules: readonly InhibitRule[];
  readonly receivers: readonly { readonly name: string }[];
}

/** Labels that name a cell, or the front in a region. What an alert does not have is empty, and so the same. */
const site = ['cell', 'front', 'region'] as const;

const receiverOf = { page: 'cellstamp-page', ticket: 'cellstamp-ticket' } as const;
const nobody = 'cellstamp-nobody';

const names = Object.keys(severities) as Severity[];
const notifying = (notify: 'page' | 'ticket') => names.filter((name) => severities[name].notify === notify);

/**
 * The configuration of an Alertmanager for any number of cells, and the front. The receivers have their names alone: an operator adds how each is reached.
 *
 * Alerts of a cell, or of the front in a region, are one notification. An alert holds back its consequences (`consequences` of `alert-kinds.ts`), and nothing
 * that has a cause of its own. A drained host holds back its own alerts but P0.
 *
 * @example alertmanagerConfig().receivers.map(({ name }) => name) // ['cellstamp-page', 'cellstamp-ticket', 'cellstamp-nobody']
 */
export function alertmanagerConfig(): AlertmanagerConfig {
  const route = (receiver: string, of: readonly string[], rest: Partial<Route> = {}): Route => ({
    receiver,
    matchers: [ownAlerts, `severity=~"${of.join('|')}"`],
    ...rest,
  });
  return {
    route: {
      receiver: receiverOf.ticket,
      group_by: [...site],
      // Rules are evaluated once a minute: what one cause raises comes at most that far apart.
      group_wait: '1m',
      group_interval: '5m',
      repeat_interval: '4h',
      routes: [
        route(nobody, [drainedSeverity]),
        route(receiverOf.page, notifying('page'), { group_wait: '30s' }),
        route(receiverOf.ticket, notifying('ticket'), { repeat_interval: '24h' }),
      ],
    },
    inhibit_rules: [
      ...consequences.map(({ of, are, on }) => ({
        source_matchers: [`alertname="${alertName(of)}"`],
        target_matchers: [`alertname=~"${are.map(alertName).join('|')}"`],
        equal: on === 'host' ? [...site, 'host'] : [...site],
      })),
      {
        source_matchers: [`alertname="${drainedAlert}"`],
        target_matchers: [ownAlerts, `severity=~"${names.slice(1).join('|')}"`],
        equal: ['cell', 'host'],
      },
    ],
    receivers: [...Object.values(receiverOf), nobody].map((name) => ({ name })),
  };
}
