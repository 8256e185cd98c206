/** The rules of the front in Prometheus' own checker: when each alert fires, and when it does not. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { deriveFront } from '../../lib/fleet/derive/front.ts';
import { parseFront } from '../../lib/fleet/schema/front.ts';
import { frontRules } from '../../lib/software/prometheus-rules.ts';
import { describeWith } from '../requirements.ts';

const front = deriveFront(
  parseFront({
    domain: 'voice.example.com',
    regions: [
      { region: 'eu-west-1', network: '10.15.0.0/24' },
      { region: 'us-east-1', network: '10.15.1.0/24' },
    ],
    aws: {},
  }),
);
const groups = frontRules(front, 'its log');
const rules = groups.flatMap((group) => group.rules);

type Series = Readonly<Record<string, string>>;

const on = (host: string, labels = '') =>
  `{front="front", region="${host.slice(0, -'-edge-1'.length)}", host="${host}"${labels === '' ? '' : `, ${labels}`}}`;

/** A quarter of an hour in which all is well, a value each quarter of a minute. */
const wellDay: Series = Object.fromEntries(
  front.edges.flatMap(({ name }) => [
    [`up${on(name)}`, '1x120'],
    [`cellstamp_edge_clock_offset_seconds${on(name)}`, '0x120'],
    [`cellstamp_edge_rejected${on(name, 'reason="cell_unreachable"')}`, '0x120'],
    [`cellstamp_edge_rejected${on(name, 'reason="unknown_tenant"')}`, '0+9x120'],
  ]),
);

const first = 'eu-west-1-edge-1';
const ofFirst = { front: 'front', region: 'eu-west-1', host: first };

/** What is otherwise than on that day, and which alerts fire. */
const troubles: Readonly<Record<string, readonly [Series, Readonly<Record<string, readonly object[]>>]>> = {
  'an edge does not answer': [{ [`up${on(first)}`]: '1x40 0x80' }, { CellstampHealthy: [ofFirst] }],
  'no edge of a region answers': [
    { [`up${on(first)}`]: '1x40 0x80', [`up${on('eu-west-1-edge-2')}`]: '1x40 0x80' },
    {
      CellstampHealthy: [ofFirst, { ...ofFirst, host: 'eu-west-1-edge-2' }],
      CellstampReady: [{ front: 'front', region: 'eu-west-1' }],
    },
  ],
  'a clock is wrong': [
    { [`cellstamp_edge_clock_offset_seconds${on(first)}`]: '0x40 7x80' },
    { CellstampClock: [ofFirst] },
  ],
  'no SBC of a cell answers': [
    { [`cellstamp_edge_rejected${on(first, 'reason="cell_unreachable"')}`]: '0x40 0+2x80' },
    { CellstampCells: [ofFirst] },
  ],
};

describeWith(['prometheus'], 'the rules of the front', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'cellstamp-front-rules-'));
    writeFileSync(join(folder, 'rules.yml'), stringify({ groups }, { lineWidth: 0 }));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const promtool = (...words: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync('promtool', words, { cwd: folder, encoding: 'utf8' });
    return { status, said: status === 0 ? '' : `${stdout}${stderr}` };
  };
  const good = { status: 0, said: '' };

  /** @param fires labels of the alerts that do, by name; no others do */
  const tried = (day: Series, fires: Readonly<Record<string, readonly object[]>> = {}) => {
    const firing = (alertname: string) =>
      (fires[alertname] ?? []).map((labels) => {
        const rule = rules.find(
          (one) =>
            one.alert === alertname && Object.entries(labels).every(([name, value]) => one.labels[name] === value),
        )!;
        return { exp_labels: rule.labels, exp_annotations: rule.annotations };
      });
    const test = {
      interval: '15s',
      input_series: Object.entries(day).map(([series, values]) => ({ series, values })),
      alert_rule_test: [...new Set(rules.map(({ alert }) => alert))].map((alertname) => ({
        eval_time: '20m',
        alertname,
        exp_alerts: firing(alertname),
      })),
    };
    writeFileSync(
      join(folder, 'test.yml'),
      stringify({ rule_files: ['rules.yml'], evaluation_interval: '1m', tests: [test] }, { lineWidth: 0 }),
    );
    return promtool('test', 'rules', 'test.yml');
  };

  it('are rules', () => {
    expect(promtool('check', 'rules', 'rules.yml')).toEqual(good);
  });

  it('say nothing on a day on which all is well', () => {
    expect(tried(wellDay)).toEqual(good);
  });

  describe('say what is wrong, and nothing else:', () => {
    it.each(Object.entries(troubles))('%s', (_, [changed, fires]) => {
      expect(tried({ ...wellDay, ...changed }, fires)).toEqual(good);
    });
  });

  it('are all tried here', () => {
    const triedHere = Object.values(troubles).flatMap(([, fires]) => Object.keys(fires));
    expect([...new Set(rules.map(({ alert }) => alert))].sort()).toEqual([...new Set(triedHere)].sort());
  });
});
