/** Who is notified of which alert, and what holds one back. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { alertKinds, consequences, severities, type AlertKind } from '../../lib/observability/alert-kinds.ts';
import { deriveCell } from '../../lib/fleet/derive/cell.ts';
import { parseCell } from '../../lib/fleet/schema/cell.ts';
import { alertName } from '../../lib/software/prometheus-rule.ts';
import { cellRules } from '../../lib/software/prometheus-rules.ts';
import { alertmanagerConfig } from '../../lib/software/alertmanager.ts';
import { cellstamp } from '../cli/run-command.ts';
import { describeWith } from '../requirements.ts';

type Labels = Readonly<Record<string, string>>;

const config = alertmanagerConfig();

/** As Alertmanager matches: a regular expression holds for the whole value, and a label that is not there is empty. */
function matches(matchers: readonly string[], labels: Labels): boolean {
  return matchers.every((matcher) => {
    const [, name, operator, value] = /^(\w+)(=~?)"(.*)"$/.exec(matcher)!;
    const given = labels[name!] ?? '';
    return operator === '=' ? given === value : new RegExp(`^(?:${value})$`).test(given);
  });
}

const receiverOf = (labels: Labels): string =>
  config.route.routes.find(({ matchers }) => matches(matchers, labels))?.receiver ?? config.route.receiver;

const holdsBack = (source: Labels, target: Labels): boolean =>
  config.inhibit_rules.some(
    ({ source_matchers, target_matchers, equal }) =>
      matches(source_matchers, source) &&
      matches(target_matchers, target) &&
      equal.every((name) => (source[name] ?? '') === (target[name] ?? '')),
  );

const alert = (severity: string, rest: Labels = {}): Labels => ({
  ...{ alertname: 'CellstampProbe', cell: 'euw1-a', host: 'sbc-1', severity },
  ...rest,
});
const drained = alert('none', { alertname: 'CellstampDrained', host: 'media-2' });
const order = Object.keys(severities);

describe('the routes of Alertmanager', () => {
  it('send what is urgent to a page, and the rest to a ticket', () => {
    const to = Object.fromEntries(order.map((severity) => [severity, receiverOf(alert(severity))]));
    expect(to).toEqual({
      P0: 'cellstamp-page',
      P1: 'cellstamp-page',
      P2: 'cellstamp-ticket',
      P3: 'cellstamp-ticket',
    });
  });

  it('tell nobody of a drained host', () => {
    expect(receiverOf(drained)).toBe('cellstamp-nobody');
  });

  it('name receivers that are there, and each once', () => {
    const named = [config.route.receiver, ...config.route.routes.map(({ receiver }) => receiver)];
    const there = config.receivers.map(({ name }) => name);
    expect(new Set(named)).toEqual(new Set(there));
    expect(new Set(there).size).toBe(there.length);
  });

  it('make one page of all alerts of a cell, and one of those of the front in a region', () => {
    expect(config.route.group_by).toEqual(['cell', 'front', 'region']);
    expect(config.route.routes.filter(({ receiver }) => receiver === 'cellstamp-page')).toHaveLength(1);
  });
});

const kinds = Object.keys(alertKinds) as AlertKind[];
const ofKind = (kind: AlertKind, rest: Labels = {}): Labels =>
  alert(alertKinds[kind].severity, { alertname: alertName(kind), ...rest });

describe('an alert holds back', () => {
  it.each(['certificate', 'disk', 'memory', 'unproved', 'allowance', 'userspace'] as const)(
    'never %s, which has a cause of its own, however urgent it is itself',
    (target) => {
      expect(kinds.filter((source) => holdsBack(ofKind(source), ofKind(target)))).toEqual([]);
    },
  );

  it('its consequences on the same host alone, or in the whole cell', () => {
    const [here, there] = [{ host: 'sbc-1' }, { host: 'sbc-2' }];
    expect(holdsBack(ofKind('healthy', here), ofKind('tables-age', here))).toBe(true);
    expect(holdsBack(ofKind('healthy', here), ofKind('tables-age', there))).toBe(false);
    expect(holdsBack(ofKind('records', here), ofKind('records-waiting', there))).toBe(true);
    expect(holdsBack(ofKind('calls-budget-slow'), ofKind('calls-budget-low'))).toBe(true);
  });

  it('only what is less urgent, whatever the two are', () => {
    const held = kinds.flatMap((source) =>
      kinds.filter((target) => holdsBack(ofKind(source), ofKind(target))).map((target) => [source, target] as const),
    );
    expect(held.length).toBe(consequences.reduce((sum, { are }) => sum + are.length, 0));
    expect(held.filter(([source, target]) => alertKinds[source].severity >= alertKinds[target].severity)).toEqual([]);
  });

  it('none of another cell', () => {
    expect(holdsBack(ofKind('active-sbc'), ofKind('probe', { cell: 'euw1-b' }))).toBe(false);
  });

  it('of the front those of its own region alone', () => {
    const ofEdge = (kind: AlertKind, region: string): Labels => ({
      ...{ alertname: alertName(kind), front: 'front', region, severity: alertKinds[kind].severity },
    });
    expect(holdsBack(ofEdge('ready', 'eu-west-1'), ofEdge('healthy', 'eu-west-1'))).toBe(true);
    expect(holdsBack(ofEdge('ready', 'eu-west-1'), ofEdge('healthy', 'us-east-1'))).toBe(false);
    expect(holdsBack(ofEdge('ready', 'eu-west-1'), ofKind('healthy'))).toBe(false);
  });

  it('none that somebody else has made, and is held back by none', () => {
    const other = (severity: string) => alert(severity, { alertname: 'DiskOfTheOfficeFull' });
    expect(
      kinds.filter((kind) => holdsBack(ofKind(kind), other('P3')) || holdsBack(other('P0'), ofKind(kind))),
    ).toEqual([]);
  });

  it('all but P0 of its own host while that is drained', () => {
    const ofHost = (severity: string, host: string) => holdsBack(drained, alert(severity, { host }));
    expect(order.map((severity) => ofHost(severity, 'media-2'))).toEqual([false, true, true, true]);
    expect(order.map((severity) => ofHost(severity, 'media-1'))).toEqual([false, false, false, false]);
  });

  it('none of its cell that is about no host, while a host is drained', () => {
    expect(holdsBack(drained, { alertname: 'CellstampRecords', cell: 'euw1-a', severity: 'P1' })).toBe(false);
  });
});

it('a cell in which every alert fires is one page and one ticket', () => {
  const cell = deriveCell(parseCell({ name: 'euw1-a', region: 'eu-west-1', aws: {} }));
  const firing = cellRules(cell, 'its log')
    .flatMap(({ rules }) => rules)
    .flatMap((rule): Labels[] => ('alert' in rule ? [{ alertname: rule.alert, ...rule.labels }] : []));
  expect(firing.length).toBeGreaterThan(20);
  const left = firing.filter((target) => !firing.some((source) => holdsBack(source, target)));
  const notifications = left
    .filter((labels) => receiverOf(labels) !== 'cellstamp-nobody')
    .map((labels) => [receiverOf(labels), ...config.route.group_by.map((name) => labels[name] ?? '-')].join(' '));
  expect([...new Set(notifications)].sort()).toEqual(['cellstamp-page euw1-a - -', 'cellstamp-ticket euw1-a - -']);
  // Media hosts are drained, which holds back their own.
  const tickets = left.filter((labels) => receiverOf(labels) === 'cellstamp-ticket').map(({ alertname }) => alertname);
  expect([...new Set(tickets)].sort()).toEqual(['CellstampUnproved']);
});

it('every kind of alert has one of these severities', () => {
  expect(Object.values(alertKinds).filter(({ severity }) => !order.includes(severity))).toEqual([]);
});

it('npx cellstamp alertmanager-config prints it', async () => {
  const { status, stdout } = await cellstamp('alertmanager-config');
  expect(status).toBe(0);
  expect(parse(stdout)).toEqual(config);
});

describeWith(['amtool'], 'amtool', () => {
  it('takes it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'cellstamp-alertmanager-'));
    try {
      writeFileSync(join(folder, 'alertmanager.yml'), stringify(config));
      const { status, stdout, stderr } = spawnSync('amtool', ['check-config', 'alertmanager.yml'], {
        cwd: folder,
        encoding: 'utf8',
      });
      expect(status, `${stdout}${stderr}`).toBe(0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
