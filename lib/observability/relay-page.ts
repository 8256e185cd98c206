/** What is read of rtpengine's own Prometheus page (rtpengine 10.5 and newer). It shows many more metrics. */
import type { MetricPage, PageMetric } from './metric-page.ts';

const metrics = {
  sessions: {
    kind: 'gauge',
    unit: 'calls',
    label: 'type',
    what: 'Calls; `own` are those that this relay answers for.',
  },
  packets_total: {
    kind: 'counter',
    unit: 'packets',
    label: 'type',
    what: 'Packets relayed, in userspace and in the kernel.',
  },
  mediastreams: { kind: 'gauge', unit: 'streams', label: 'type', what: 'Streams, by where they are forwarded.' },
  mos_total: { kind: 'counter', unit: 'MOS', what: 'Sum of mean opinion scores.' },
  mos_samples_total: { kind: 'counter', unit: 'scores', what: 'Scores in this sum.' },
} as const satisfies Record<string, PageMetric>;

export const relayPage: MetricPage<keyof typeof metrics> = { prefix: 'rtpengine_', metrics };
