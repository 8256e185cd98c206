import { expect, it } from 'vitest';
import { authenticator } from '../../../lib/planner-files/prometheus/authenticate.ts';
import { callCounts } from '../../../lib/planner-files/prometheus/call-counts.ts';
import { Prometheus } from '../../../lib/planner-files/prometheus/client.ts';
import { describeWith } from '../../requirements.ts';
import { folderOf, HOUR, NOW } from '../folder.ts';
import { exposed, type Exposed } from './exposed.ts';
import { prometheusWith, user } from './prometheus-server.ts';

const START = NOW - 2 * HOUR;

/** A counter of a host that grows by so much a second for two hours. */
const counter = (metric: string, cell: string, host: string, perSecond: number, label = 'of="all"'): Exposed => ({
  metric,
  type: 'counter',
  labels: `${label},cell="${cell}",instance="${host}"`,
  hours: new Float64Array(2).fill(perSecond),
});

const delays = (part: 'sum' | 'count', cell: string, host: string, perSecond: number): Exposed => ({
  ...counter(`cellstamp_sbc_post_dial_delay_milliseconds_${part}`, cell, host, perSecond, 'trunk="-"'),
  type: 'part of a histogram',
});

describeWith(['prometheus'], 'what cells counted, from the real Prometheus', () => {
  it('is added up over hosts and reasons; faults of callers are none of the cell’s', async () => {
    const folder = folderOf({ password: user.password });
    const url = await prometheusWith(
      exposed(START, [
        ...['sbc-1', 'sbc-2'].flatMap((sbc) => [
          counter('cellstamp_sbc_setups', 'a', sbc, 2),
          counter('cellstamp_sbc_answered', 'a', sbc, 1),
          delays('sum', 'a', sbc, 3000),
          delays('count', 'a', sbc, 1.5),
        ]),
        counter('cellstamp_sbc_rejected', 'a', 'sbc-1', 0.5, 'reason="cell_rate"'),
        counter('cellstamp_sbc_rejected', 'a', 'sbc-1', 0.25, 'reason="no_media_host"'),
        counter('cellstamp_sbc_rejected', 'a', 'sbc-1', 8, 'reason="unknown_user"'),
        counter('cellstamp_sbc_ended', 'a', 'sbc-1', 0.125, 'reason="media_lost"'),
        counter('cellstamp_sbc_ended', 'a', 'sbc-1', 8, 'reason="bye"'),
        ...['media-1', 'media-2'].flatMap((host) => [
          counter('rtpengine_mos', 'a', host, 4),
          counter('rtpengine_mos_samples', 'a', host, 1),
        ]),
        // Nothing has failed there, and no relay has a score yet.
        counter('cellstamp_sbc_setups', 'b', 'sbc-1', 1),
        counter('cellstamp_sbc_answered', 'b', 'sbc-1', 1),
        counter('cellstamp_sbc_rejected', 'b', 'sbc-1', 0, 'reason="cell_rate"'),
        counter('cellstamp_sbc_ended', 'b', 'sbc-1', 0, 'reason="media_lost"'),
        // Of this one a part of the page is not known.
        counter('cellstamp_sbc_setups', 'c', 'sbc-1', 1),
        // And of this one nobody keeps the reasons.
        counter('cellstamp_sbc_setups', 'd', 'sbc-1', 1),
        counter('cellstamp_sbc_answered', 'd', 'sbc-1', 1),
        counter('cellstamp_sbc_rejected', 'd', 'sbc-1', 1, 'code="503"'),
      ]),
      folder,
    );
    const auth = { basic: { username: user.name, password: { file: 'password' } } };
    const server = new Prometheus({ url, authenticate: await authenticator({ auth }, folder), timeoutMs: 30_000 });
    const counts = await callCounts(server, 'cell', NOW - HOUR, NOW - HOUR / 2);
    expect([...counts.keys()].sort()).toEqual(['a', 'b', 'd']);
    expect(counts.get('d')).toMatchObject({ turnedAway: NaN, broken: NaN });
    const seconds = HOUR / 2 / 1000;
    const expected = {
      a: { setups: 4, answered: 2, turnedAway: 0.75, broken: 0.125, delaySeconds: 6, delays: 3, mos: 8, scores: 2 },
      b: { setups: 1, answered: 1, turnedAway: 0, broken: 0, delaySeconds: 0, delays: 0, mos: 0, scores: 0 },
    };
    for (const [cell, perSecond] of Object.entries(expected)) {
      for (const [name, value] of Object.entries(perSecond)) {
        const found = counts.get(cell)![name as keyof typeof perSecond];
        // Prometheus extrapolates to the edges of the time that is asked for.
        expect(Math.abs(found / seconds - value), `${name} of ${cell}`).toBeLessThanOrEqual(0.01 * value);
      }
    }
    expect((await callCounts(server, 'cell', NOW + HOUR, NOW + 2 * HOUR)).size).toBe(0);
  });
});
