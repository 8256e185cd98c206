/** The rules of a cell in Prometheus' own checker: when each alert fires, and when it does not. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { deriveCell } from '../../lib/fleet/derive/cell.ts';
import { parseCell } from '../../lib/fleet/schema/cell.ts';
import { alertKinds, type AlertKind } from '../../lib/observability/alert-kinds.ts';
import { alertRules } from '../../lib/software/prometheus-rules.ts';
import { describeWith } from '../requirements.ts';

const cell = deriveCell(
  parseCell({
    name: 'lab',
    region: 'eu-west-1',
    local: {},
    size: 'test',
    media: { hosts: 2, kernelForwarding: 'preferred' },
  }),
);
const group = alertRules(cell, 'its log');

/** Values at each quarter of a minute, in promtool's notation. */
type Series = Readonly<Record<string, string>>;

const on = (host: string, labels = '') => `{cell="lab", host="${host}"${labels === '' ? '' : `, ${labels}`}}`;
const ofSbc = (name: string, host: string, labels = '') => `cellstamp_sbc_${name}${on(host, labels)}`;

/** Labels by which an alert is routed. */
function responseOf(alert: string): Readonly<Record<string, string>> {
  if (alert === 'CellstampDrained') return { severity: 'none' };
  const kind = alert.slice('Cellstamp'.length).replace(/(?<=.)[A-Z]/g, (letter) => `-${letter}`);
  const { severity, owner } = alertKinds[kind.toLowerCase() as AlertKind];
  return { severity, owner };
}

/** Half an hour in which all is well, and calls are answered. */
const wellDay: Series = {
  ...Object.fromEntries(['sbc-1', 'sbc-2', 'media-1', 'media-2'].map((host) => [`up${on(host)}`, '1x120'])),
  ...Object.fromEntries(
    ['sbc-1', 'sbc-2'].flatMap((host) => [
      [ofSbc('active', host), host === 'sbc-1' ? '1x120' : '0x120'],
      [ofSbc('answered_total', host), host === 'sbc-1' ? '0+5x120' : '0x120'],
      [ofSbc('records_total', host, 'step="sent"'), host === 'sbc-1' ? '0+10x120' : '0x120'],
      [ofSbc('records_waiting', host), '3x120'],
      [ofSbc('tables_age_seconds', host), '20x120'],
      [ofSbc('probe_failing', host), '0x120'],
      [ofSbc('probe_age_seconds', host), '2x120'],
      [ofSbc('media_host_drained', host, 'media="media-1"'), '0x120'],
      [ofSbc('media_host_drained', host, 'media="media-2"'), '0x120'],
    ]),
  ),
  ...Object.fromEntries(
    ['media-1', 'media-2'].flatMap((host) => [
      [`rtpengine_packets_total${on(host, 'type="userspace"')}`, '0+100x120'],
      [`rtpengine_packets_total${on(host, 'type="kernel"')}`, '0+10000x120'],
    ]),
  ),
};

/** What is otherwise than on that day, and who is told. */
const troubles: Readonly<Record<string, readonly [Series, labels: Readonly<Record<string, string>>]>> = {
  CellstampHealthy: [{ [`up${on('media-2')}`]: '1x40 0x80' }, { host: 'media-2' }],
  CellstampActiveSbc: [{ [ofSbc('active', 'sbc-2')]: '0x40 1x80' }, {}],
  CellstampRecords: [{ [ofSbc('records_total', 'sbc-1', 'step="sent"')]: '0+10x40 410x80' }, {}],
  CellstampRecordsWaiting: [{ [ofSbc('records_waiting', 'sbc-1')]: '3x40 2000x80' }, { host: 'sbc-1' }],
  CellstampTablesAge: [{ [ofSbc('tables_age_seconds', 'sbc-2')]: '20x40 20+15x80' }, { host: 'sbc-2' }],
  CellstampProbe: [{ [ofSbc('probe_failing', 'sbc-1')]: '0x40 2x80' }, { host: 'sbc-1' }],
  CellstampProbeAge: [{ [ofSbc('probe_age_seconds', 'sbc-2')]: '2x40 2+15x80' }, { host: 'sbc-2' }],
  CellstampUnproved: [
    {
      [ofSbc('dropped_total', 'sbc-1', 'reason="stale_proof"')]: '0x40 0+1x80',
      [ofSbc('dropped_total', 'sbc-1', 'reason="banned"')]: '0+9x120',
    },
    { host: 'sbc-1' },
  ],
  CellstampDrained: [{ [ofSbc('media_host_drained', 'sbc-1', 'media="media-2"')]: '0x40 1x80' }, { host: 'media-2' }],
  CellstampUserspace: [
    {
      [`rtpengine_packets_total${on('media-1', 'type="userspace"')}`]: '0+5000x120',
      [`rtpengine_packets_total${on('media-1', 'type="kernel"')}`]: '0+10000x120',
    },
    { host: 'media-1' },
  ],
};

describeWith(['debian-packages', 'prometheus'], 'the rules of a cell', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'cellstamp-rules-'));
    writeFileSync(join(folder, 'rules.yml'), stringify({ groups: [group] }));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const promtool = (...words: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync('promtool', words, { cwd: folder, encoding: 'utf8' });
    return { status, said: status === 0 ? '' : `${stdout}${stderr}` };
  };
  const ruleOf = (alert: string, labels: Readonly<Record<string, string>>) =>
    group.rules.find((rule) => rule.alert === alert && rule.labels['host'] === labels['host'])!;

  /** @param fires the one alert that does, after a quarter of an hour of trouble */
  const tried = (
    day: Series,
    fires?: { readonly alert: string; readonly labels: Readonly<Record<string, string>> },
  ) => {
    const names = [...new Set(group.rules.map(({ alert }) => alert))];
    const test = {
      interval: '15s',
      input_series: Object.entries(day).map(([series, values]) => ({ series, values })),
      alert_rule_test: names.map((alertname) => ({
        eval_time: '25m',
        alertname,
        exp_alerts:
          alertname === fires?.alert
            ? [
                {
                  exp_labels: { cell: 'lab', ...responseOf(alertname), ...fires.labels },
                  exp_annotations: ruleOf(alertname, fires.labels).annotations,
                },
              ]
            : [],
      })),
    };
    writeFileSync(
      join(folder, 'test.yml'),
      stringify({ rule_files: ['rules.yml'], evaluation_interval: '1m', tests: [test] }),
    );
    return promtool('test', 'rules', 'test.yml');
  };

  it('are rules', () => {
    expect(promtool('check', 'rules', 'rules.yml')).toEqual({ status: 0, said: '' });
  });

  it('say nothing on a day on which all is well', () => {
    expect(tried(wellDay)).toEqual({ status: 0, said: '' });
  });

  describe('say what is wrong, and nothing else:', () => {
    it.each(Object.entries(troubles))('%s', (alert, [changed, labels]) => {
      expect(tried({ ...wellDay, ...changed }, { alert, labels })).toEqual({ status: 0, said: '' });
    });
  });

  it('say that a host is not heard of, and that no SBC is active', () => {
    const without = (part: string) =>
      Object.fromEntries(Object.entries(wellDay).filter(([series]) => !series.startsWith(part)));
    const silent = without(`up${on('sbc-1')}`);
    expect(tried(silent, { alert: 'CellstampHealthy', labels: { host: 'sbc-1' } })).toEqual({ status: 0, said: '' });
    const gone = without('cellstamp_sbc_active');
    expect(tried(gone, { alert: 'CellstampActiveSbc', labels: {} })).toEqual({ status: 0, said: '' });
  });

  it('are all tried here', () => {
    expect([...new Set(group.rules.map(({ alert }) => alert))].sort()).toEqual(Object.keys(troubles).sort());
  });
});
