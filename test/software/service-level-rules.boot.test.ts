/** The service levels of a cell in Prometheus' own checker: what is counted, and which alert fires when. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { deriveCell } from '../../lib/fleet/derive/cell.ts';
import { parseCell } from '../../lib/fleet/schema/cell.ts';
import { burnRates, serviceLevels, worstShare, type LevelName } from '../../lib/observability/service-levels.ts';
import { alertName } from '../../lib/software/prometheus-rule.ts';
import { serviceLevelRules } from '../../lib/software/service-level-rules.ts';
import { describeWith } from '../requirements.ts';

const input = { name: 'lab', region: 'eu-west-1', local: {}, size: 'test' } as const;
const group = serviceLevelRules(deriveCell(parseCell(input)));

/** In promtool's notation, a value a minute. */
type Series = Readonly<Record<string, string>>;
const page = (name: string, host: string, labels = '') =>
  `cellstamp_sbc_${name}{cell="lab", host="${host}"${labels === '' ? '' : `, ${labels}`}}`;

const setups = page('setups_total', 'sbc-1', 'kind="user"');
const turnedAway = page('rejected_total', 'sbc-1', 'reason="no_media_host"');
const broken = page('ended_total', 'sbc-1', 'reason="media_lost"');
const overLimit = page('rejected_total', 'sbc-1', 'reason="tenant_calls"');
const probeOf = (host: string, part: string) => page('probe_good', host, `part="${part}"`);

/** Hours in which all is well, and 1,000 calls a minute are admitted. */
const minutes = 500;
const well: Series = {
  ...Object.fromEntries(
    ['sbc-1', 'sbc-2'].flatMap((host) => [
      [`up{cell="lab", host="${host}", job="sbc"}`, `1x${minutes}`],
      [page('active', host), `${host === 'sbc-1' ? 1 : 0}x${minutes}`],
      ...['sbc', 'media-1', 'media-2', 'record', 'database'].map((part) => [probeOf(host, part), `1x${minutes}`]),
    ]),
  ),
  [setups]: `0+1000x${minutes}`,
  [turnedAway]: `0x${minutes}`,
  [broken]: `0x${minutes}`,
  [overLimit]: `0x${minutes}`,
};

describeWith(['debian-packages', 'prometheus'], 'the service levels of a cell', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'cellstamp-levels-'));
    writeFileSync(join(folder, 'rules.yml'), stringify({ groups: [group] }));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const promtool = (...words: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync('promtool', words, { cwd: folder, encoding: 'utf8' });
    return { status, said: status === 0 ? '' : `${stdout}${stderr}` };
  };

  const test = (series: Series, rest: object) => {
    const tests = [
      {
        interval: '1m',
        input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
        ...rest,
      },
    ];
    writeFileSync(
      join(folder, 'test.yml'),
      stringify({ rule_files: ['rules.yml'], evaluation_interval: '1m', tests }, { lineWidth: 0 }),
    );
    return promtool('test', 'rules', 'test.yml');
  };

  const all = group.rules.flatMap((rule) => ('alert' in rule ? [rule] : []));

  /** @param fire names of alerts at a time, by that time; no others do */
  const fires = (series: Series, fire: Readonly<Record<string, readonly string[]>>) =>
    test(series, {
      alert_rule_test: Object.entries(fire).flatMap(([eval_time, names]) =>
        all.map(({ alert, labels, annotations }) => ({
          eval_time,
          alertname: alert,
          exp_alerts: names.includes(alert) ? [{ exp_labels: labels, exp_annotations: annotations }] : [],
        })),
      ),
    });

  const good = { status: 0, said: '' };

  it('are rules', () => {
    expect(promtool('check', 'rules', 'rules.yml')).toEqual(good);
  });

  it('raise nothing on days on which all is well', () => {
    expect(fires(well, { '30m': [], '6h': [] })).toEqual(good);
  });

  it('do not count refusals by a limit that a tenant has agreed to', () => {
    expect(fires({ ...well, [overLimit]: `0+30x${minutes}` }, { '2h': [] })).toEqual(good);
  });

  it('page within minutes when one call in fifty fails, and stop when it is over', () => {
    const failing = { ...well, [turnedAway]: `0x60 0+20x60 1200x${minutes}` };
    const [fast, slow, low] = ['CellstampCallsBudgetFast', 'CellstampCallsBudgetSlow', 'CellstampCallsBudgetLow'];
    expect(
      fires(failing, {
        '60m': [],
        '66m': [fast, slow],
        '119m': [fast, slow, low],
        // The hour still has 1,000 bad calls; the last five minutes have none.
        '128m': [slow, low],
        '160m': [low],
        '490m': [],
      }),
    ).toEqual(good);
  });

  it('page for calls that lose their audio as for calls that are turned away', () => {
    const failing = { ...well, [broken]: `0x60 0+20x${minutes}` };
    expect(fires(failing, { '66m': ['CellstampCallsBudgetFast', 'CellstampCallsBudgetSlow'] })).toEqual(good);
  });

  it('page by the slow burn and not by the fast one when one call in a thousand fails', () => {
    const failing = { ...well, [turnedAway]: `0+1x${minutes}` };
    const [slow, low] = ['CellstampCallsBudgetSlow', 'CellstampCallsBudgetLow'];
    expect(fires(failing, { '15m': [], '60m': [slow], '3h': [slow, low] })).toEqual(good);
  });

  it('write a ticket alone when three in ten thousand fail', () => {
    const failing = { ...well, [turnedAway]: `0+0.3x${minutes}` };
    expect(fires(failing, { '2h': [], '5h': ['CellstampCallsBudgetLow'] })).toEqual(good);
  });

  it('wake nobody in a quiet cell for five failures of an hour, though they are one call in twelve', () => {
    const quiet = { ...well, [setups]: `0+1x${minutes}`, [turnedAway]: `0x60 0+1x5 5x${minutes}` };
    expect(fires(quiet, { '66m': [] })).toEqual(good);
  });

  describe('count as a bad minute of the probe, in a cell without any call,', () => {
    const silent = { ...well, [setups]: `0x${minutes}` };
    const forMinutes = (before: string, during: string) => `${before}x60 ${during}x5 ${before}x${minutes}`;
    const troubles: Readonly<Record<string, Series>> = {
      'no active SBC': { [page('active', 'sbc-1')]: forMinutes('1', '0') },
      'an active SBC that does not answer': { [probeOf('sbc-1', 'sbc')]: forMinutes('1', '0') },
      'no media host with audio': {
        [probeOf('sbc-1', 'media-1')]: forMinutes('1', '0'),
        [probeOf('sbc-1', 'media-2')]: forMinutes('1', '0'),
      },
      'both SBCs not there': Object.fromEntries(
        Object.keys(silent)
          .filter((name) => name.includes('sbc-'))
          .map((name) =>
            name.startsWith('up')
              ? [name, forMinutes('1', '0')]
              : [
                  name,
                  `${name === page('active', 'sbc-2') ? 0 : 1}x60 stale _x5 ${name === page('active', 'sbc-2') ? 0 : 1}x${minutes}`,
                ],
          ),
      ),
    };
    it.each(Object.entries(troubles))('%s', (_, changed) => {
      const series = { ...silent, ...changed };
      expect(
        fires(series, {
          '60m': [],
          '63m': ['CellstampMinutesBudgetFast'],
        }),
      ).toEqual(good);
    });

    const notBad: Readonly<Record<string, Series>> = {
      'one media host of two without audio': { [probeOf('sbc-1', 'media-1')]: forMinutes('1', '0') },
      'a record or the database that the probe does not find': {
        [probeOf('sbc-1', 'record')]: forMinutes('1', '0'),
        [probeOf('sbc-1', 'database')]: forMinutes('1', '0'),
      },
      'a standby SBC that does not answer': { [probeOf('sbc-2', 'sbc')]: forMinutes('1', '0') },
      'an active SBC whose probe says nothing': Object.fromEntries(
        ['sbc', 'media-1', 'media-2'].map((part) => [probeOf('sbc-1', part), `1x60 stale _x5 1x${minutes}`]),
      ),
    };
    it.each(Object.entries(notBad))('but not %s', (_, changed) => {
      expect(fires({ ...silent, ...changed }, { '64m': [], '68m': [] })).toEqual(good);
    });
  });

  it('know nothing where there are no metrics, and say nothing', () => {
    expect(fires({ 'up{cell="other", host="sbc-1"}': `1x${minutes}` }, { '2h': [] })).toEqual(good);
  });

  const value = (name: string, eval_time: string, exp: number) => ({
    expr: `round(cellstamp:${name}{cell="lab"}, 0.001)`,
    eval_time,
    exp_samples: [{ labels: '{cell="lab"}', value: exp }],
  });

  it('record what is left of the budget', () => {
    const failing = { ...well, [turnedAway]: `0x120 0+1x36 36x${minutes}` };
    const promql_expr_test = [
      value('calls_all:1h', '2h', 60_000),
      value('calls_budget_left', '2h', 1),
      value('minutes_budget_left', '2h', 1),
      value('calls_bad:3d', '4h', 36),
      // 36 of 210,000 calls, those of each minute's last hour: 1.7 times what one in 10,000 allows.
      { ...value('calls_budget_left', '4h', -0.7), expr: 'round(cellstamp:calls_budget_left{cell="lab"}, 0.1)' },
    ];
    expect(test(failing, { promql_expr_test })).toEqual(good);
  });
});

describe('service levels', () => {
  it('have alerts of three burn rates each, whose rules are there', () => {
    const kinds = Object.values(serviceLevels).flatMap(({ alerts }) => Object.values(alerts).map(({ kind }) => kind));
    const named = group.rules.flatMap((rule) => ('alert' in rule ? [rule.alert] : []));
    expect([...named].sort()).toEqual(kinds.map(alertName).sort());
  });

  it('can be missed at every burn rate: the worst share is below 1', () => {
    for (const level of Object.keys(serviceLevels) as LevelName[]) {
      for (const { rate } of Object.values(burnRates)) {
        expect(worstShare(serviceLevels[level].objective, rate)).toBeLessThan(1);
      }
    }
  });

  it('of minutes need a probe', () => {
    const without = serviceLevelRules(deriveCell(parseCell({ ...input, probe: { intervalSeconds: 'off' } })));
    expect(JSON.stringify(without)).not.toContain('minute');
    expect(JSON.stringify(without)).toContain('CellstampCallsBudgetFast');
  });
});
