/** What is read of rtpengine's own Prometheus page (rtpengine 10.5 and newer). It shows many more metrics. */
import type { MetricPage, PageMetric } from './metric-page.ts';

const metrics = {
  sessions: {
    kind: 'gauge',
    unit: 'calls',
    labels: ['type'],
    what: 'Calls; `own` are those that this relay answers for.',
  },
  sessions_total: { kind: 'counter', unit: 'calls', what: 'Calls that are over.' },
  packets_total: {
    kind: 'counter',
    unit: 'packets',
    labels: ['type'],
    what: 'Packets relayed, in userspace and in the kernel.',
  },
  mediastreams: { kind: 'gauge', unit: 'streams', labels: ['type'], what: 'Streams, by where they are forwarded.' },
  one_way_sessions_total: {
    kind: 'counter',
    unit: 'calls',
    what: 'Calls that are over, in which one side alone has sent audio.',
  },
  mos_total: { kind: 'counter', unit: 'MOS', what: 'Sum of mean opinion scores.' },
  mos_samples_total: { kind: 'counter', unit: 'scores', what: 'Scores in this sum.' },
} as const satisfies Record<string, PageMetric>;

export const relayPage: MetricPage<keyof typeof metrics> = { prefix: 'rtpengine_', metrics };
