/** What Prometheus' own checker works out of the quality of calls: by cell, trunk, pool and media host. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { deriveCell } from '../../lib/fleet/derive/cell.ts';
import { parseCell } from '../../lib/fleet/schema/cell.ts';
import { callQualityRules } from '../../lib/software/call-quality-rules.ts';
import { describeWith } from '../requirements.ts';

const group = callQualityRules(
  deriveCell(
    parseCell({
      name: 'lab',
      region: 'eu-west-1',
      local: {},
      size: 'test',
      media: { hosts: 3, pools: { standard: [1, 2], gold: [3] } },
    }),
  ),
);

/** How much a counter grows a minute. */
type Rates = Readonly<Record<string, number>>;

const sbc = (name: string, ...labels: readonly string[]) =>
  `cellstamp_sbc_${name}{${['cell="lab"', 'host="sbc-1"', ...labels].join(', ')}}`;
const relay = (name: string, host: string) => `rtpengine_${name}{cell="lab", host="${host}"}`;
const seizures = (outcome: string, trunk: string) => sbc('seizures_total', `outcome="${outcome}"`, `trunk="${trunk}"`);
const delays = (trunk: string, upTo: readonly (readonly [le: string, perMinute: number])[]): Rates =>
  Object.fromEntries(
    upTo.map(([le, perMinute]) => [
      sbc('post_dial_delay_milliseconds_bucket', `trunk="${trunk}"`, `le="${le}"`),
      perMinute,
    ]),
  );

/** The standby counts nothing, and has all series. */
const standby = (rates: Rates): Rates =>
  Object.fromEntries(
    Object.keys(rates)
      .filter((series) => series.includes('sbc-1'))
      .map((series) => [series.replace('sbc-1', 'sbc-2'), 0]),
  );

/** 100 calls a minute are admitted. 40 stay within tenants, 60 leave; of these 10 were first refused by carrier-b. */
const hour: Rates = {
  [sbc('setups_total', 'kind="user"')]: 40,
  [sbc('setups_total', 'kind="out"')]: 60,
  [sbc('answered_total')]: 70,
  [seizures('answered', '-')]: 30,
  [seizures('user', '-')]: 10,
  [seizures('network', '-')]: 0,
  [seizures('answered', 'carrier-a')]: 40,
  [seizures('user', 'carrier-a')]: 15,
  [seizures('network', 'carrier-a')]: 5,
  [seizures('answered', 'carrier-b')]: 0,
  [seizures('user', 'carrier-b')]: 0,
  [seizures('network', 'carrier-b')]: 10,
  [sbc('post_dial_delay_milliseconds_sum', 'trunk="-"')]: 40 * 200,
  [sbc('post_dial_delay_milliseconds_count', 'trunk="-"')]: 40,
  [sbc('post_dial_delay_milliseconds_sum', 'trunk="carrier-a"')]: 60 * 2200,
  [sbc('post_dial_delay_milliseconds_count', 'trunk="carrier-a"')]: 60,
  ...delays('-', [
    ['250.000000', 40],
    ['2500.000000', 40],
    ['4000.000000', 40],
    ['+Inf', 40],
  ]),
  ...delays('carrier-a', [
    ['250.000000', 0],
    ['2500.000000', 54],
    ['4000.000000', 60],
    ['+Inf', 60],
  ]),
  ...Object.fromEntries(
    (
      [
        ['media-1', 4.4, 10, 0],
        ['media-2', 4, 20, 1],
        ['media-3', 3.4, 60, 3],
      ] as const
    ).flatMap(([host, mos, jitter, loss]) => [
      [sbc('jitter_milliseconds_total', `media="${host}"`), 10 * jitter],
      [sbc('loss_percent_total', `media="${host}"`), 10 * loss],
      [sbc('media_samples_total', `media="${host}"`), 10],
      [relay('mos_total', host), 100 * mos],
      [relay('mos_samples_total', host), 100],
      [relay('sessions_total', host), 25],
      [relay('one_way_sessions_total', host), host === 'media-3' ? 1 : 0],
    ]),
  ),
};

const expected: readonly (readonly [record: string, labels: string, value: number])[] = [
  ['answer_seizure_ratio:1h', '', 0.7],
  ['network_effectiveness_ratio:1h', '', 0.95],
  ['trunk_answer_seizure_ratio:1h', 'trunk="carrier-a"', 0.667],
  ['trunk_answer_seizure_ratio:1h', 'trunk="carrier-b"', 0],
  ['trunk_network_effectiveness_ratio:1h', 'trunk="carrier-a"', 0.917],
  ['trunk_network_effectiveness_ratio:1h', 'trunk="carrier-b"', 0],
  ['post_dial_delay:1h', '', 1.4],
  // Of 100 calls the 95th is the 1st of the 6 between 2.5 and 4 s; of 60 the 57th is the 3rd.
  ['post_dial_delay_p95:1h', '', 2.75],
  ['trunk_post_dial_delay_p95:1h', 'trunk="carrier-a"', 3.25],
  ['mean_opinion_score:1h', '', 3.933],
  ['pool_mean_opinion_score:1h', 'pool="standard"', 4.2],
  ['pool_mean_opinion_score:1h', 'pool="gold"', 3.4],
  ['host_mean_opinion_score:1h', 'host="media-2"', 4],
  ['jitter:1h', '', 0.03],
  ['pool_jitter:1h', 'pool="standard"', 0.015],
  ['host_jitter:1h', 'host="media-3"', 0.06],
  ['packet_loss:1h', '', 0.013],
  ['pool_packet_loss:1h', 'pool="gold"', 0.03],
  ['host_packet_loss:1h', 'host="media-1"', 0],
  ['one_way_share:1h', '', 0.013],
  ['pool_one_way_share:1h', 'pool="standard"', 0],
  ['host_one_way_share:1h', 'host="media-3"', 0.04],
];

describeWith(['prometheus'], 'the quality of calls', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'cellstamp-quality-'));
    writeFileSync(join(folder, 'rules.yml'), stringify({ groups: [group] }));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const tested = (rates: Rates, promql_expr_test: readonly object[]) => {
    const input_series = Object.entries({ ...rates, ...standby(rates) }).map(([series, rate]) => ({
      series,
      values: `0+${rate}x120`,
    }));
    const tests = [{ interval: '1m', input_series, promql_expr_test }];
    writeFileSync(
      join(folder, 'test.yml'),
      stringify({ rule_files: ['rules.yml'], evaluation_interval: '1m', tests }, { lineWidth: 0 }),
    );
    const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', 'test.yml'], {
      cwd: folder,
      encoding: 'utf8',
    });
    return { status, said: status === 0 ? '' : `${stdout}${stderr}` };
  };

  it('is recorded for the cell, its trunks, its pools and its media hosts', () => {
    const promql_expr_test = expected.map(([record, labels, value]) => {
      const all = `{${['cell="lab"', labels].filter((one) => one !== '').join(', ')}}`;
      return {
        expr: `round(cellstamp:${record}${all}, 0.001)`,
        eval_time: '90m',
        exp_samples: [{ labels: all, value }],
      };
    });
    expect(tested(hour, promql_expr_test)).toEqual({ status: 0, said: '' });
  });

  it('is recorded whole: each series is tried here', () => {
    expect([...new Set(group.rules.map(({ record }) => record.slice('cellstamp:'.length)))].sort()).toEqual(
      [...new Set(expected.map(([record]) => record))].sort(),
    );
  });

  it('is unknown in an hour without a call, and not perfect', () => {
    const silent = Object.fromEntries(Object.keys(hour).map((series) => [series, 0]));
    const promql_expr_test = expected.map(([record]) => ({
      expr: `cellstamp:${record}`,
      eval_time: '90m',
      exp_samples: [],
    }));
    expect(tested(silent, promql_expr_test)).toEqual({ status: 0, said: '' });
  });
});
