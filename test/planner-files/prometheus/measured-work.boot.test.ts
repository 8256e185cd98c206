import { join } from 'node:path';
import { expect, it } from 'vitest';
import { figuresOf } from '../../../lib/planner-files/measured-figures.ts';
import { prometheusWork } from '../../../lib/planner-files/prometheus/measured-work.ts';
import { reachPrometheus } from '../../../lib/planner-files/prometheus/reach.ts';
import { describeWith } from '../../requirements.ts';
import { folderOf, HOUR, MINIMAL, NOW } from '../folder.ts';
import { exposed, type Exposed } from './exposed.ts';
import { prometheusWith, user } from './prometheus-server.ts';

const HOURS = 48;
const START = NOW - HOURS * HOUR;
/** Low, but for one hour. */
const BUSY = 30;
const hours = (low: number, high: number): Float64Array =>
  Float64Array.from({ length: HOURS }, (_, hour) => (hour === BUSY ? high : low));

const of = (metric: string, type: Exposed['type'], labels: string, values: Float64Array): Exposed => ({
  metric,
  type,
  labels,
  hours: values,
});
/** Of a host with two processors, so many of them busy. */
const processors = (labels: string, busy: Float64Array): Exposed[] =>
  ['0', '1'].flatMap((cpu) => [
    of(
      'node_cpu_seconds',
      'counter',
      `${labels},cpu="${cpu}",mode="user"`,
      busy.map((value) => value / 2),
    ),
    of(
      'node_cpu_seconds',
      'counter',
      `${labels},cpu="${cpu}",mode="idle"`,
      busy.map((value) => 1 - value / 2),
    ),
  ]);

describeWith(['prometheus'], 'figures from the real Prometheus', () => {
  it('are those of the busiest hour of a host, its processors taken whole', async () => {
    const [sbc, media] = ['cell="euw1-a",host="sbc-1"', 'cell="euw1-a",host="media-2"'];
    const [streams, busySbc, busyMedia] = ['rtpengine_mediastreams', hours(0.1, 0.5), hours(0.2, 1.25)];
    const folder = folderOf({ password: user.password });
    const url = await prometheusWith(
      exposed(START, [
        of('cellstamp_sbc_setups', 'counter', `${sbc},kind="user"`, hours(10, 120)),
        of('rtpengine_sessions', 'gauge', `${media},type="own"`, hours(100, 1000)),
        of('rtpengine_sessions', 'gauge', `cell="euw1-a",host="media-3",type="own"`, hours(5000, 5000)),
        of(streams, 'gauge', `${media},type="kernel"`, hours(200, 1900)),
        of(streams, 'gauge', `${media},type="userspace"`, hours(0, 100)),
        ...processors(sbc, busySbc),
        ...processors(media, busyMedia),
      ]),
      folder,
    );
    const planning = folderOf({
      password: user.password,
      'planning.yaml': `${MINIMAL}history:
  weeks: 1
  prometheus:
    url: ${url}
    auth: { basic: { username: ${user.name}, password: { file: password } } }
`,
    });
    const { server, settings, weeks } = await reachPrometheus(join(planning, 'planning.yaml'));
    const options = { now: NOW, weeks, cellLabel: settings.cellLabel };
    const { works, notes } = await prometheusWork(server, options);
    // Half a core for 120 set-ups/s on two of them; five quarters of a core for 1,000 calls in the kernel.
    const { figures } = figuresOf(works, 'here');
    expect(Object.entries(figures).map(([name, { value }]) => [name, value])).toEqual([
      ['sbcSetups', 480],
      ['kernelCallsPerCore', 800],
    ]);
    const end = new Date(START + (BUSY + 1) * HOUR).toISOString();
    expect(figures.sbcSetups!.source).toBe(
      `here: 432000 set-ups in the hour to ${end} on sbc-1 of euw1-a took 1800 s of the host’s processor time, times 2 cores; a full core is extrapolated`,
    );
    expect(notes).toEqual([]);

    const other = await prometheusWork(server, { ...options, cell: 'euw1-x' });
    expect(other.works).toEqual([]);
    expect(other.notes).toEqual([
      'set-ups of euw1-x: Prometheus knows no hour with calls and node_cpu_seconds_total of the same sbc host',
      'seconds of relayed calls of euw1-x: Prometheus knows no hour with calls and node_cpu_seconds_total of the same media host',
    ]);
  });
});
