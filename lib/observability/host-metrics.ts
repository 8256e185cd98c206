/**
 * What a host publishes to the target's store of metrics, once a minute. A number that cannot be read is left out: unknown,
 * never zero.
 */
import { edgePage, sbcPage } from './kamailio-pages.ts';
import { series } from './metric-page.ts';
import { relayPage } from './relay-page.ts';

export interface HostMetric {
  /** Of a counter the increase since the last minute is published. */
  readonly kind: 'counter' | 'gauge';
  /** `calls`, `seconds`, `1 or 0`. */
  readonly unit: string;
  /** What it counts or says. */
  readonly what: string;
  /**
   * The series of the host's own Prometheus page that it is, or whose sum. A series that has not counted yet may be missing from
   * such a sum.
   * @default - the target measures it
   */
  readonly from?: string | readonly string[];
}

/** Of every host. */
export const hostMetrics = {
  HostHealthy: { kind: 'gauge', unit: '1 or 0', what: '1 while every service of the host is active' },
  MemoryAvailable: { kind: 'gauge', unit: 'percent', what: 'percent of the memory that programs may still take' },
  DiskUsed: { kind: 'gauge', unit: 'percent', what: 'percent of the root volume' },
  BandwidthInExceeded: {
    kind: 'counter',
    unit: 'packets',
    what: 'packets that EC2 held back or dropped: more bandwidth in than the instance may use',
  },
  BandwidthOutExceeded: { kind: 'counter', unit: 'packets', what: 'the same, out' },
  PacketsExceeded: { kind: 'counter', unit: 'packets', what: 'the same, packets a second' },
  ConntrackExceeded: {
    kind: 'counter',
    unit: 'packets',
    what: 'packets dropped because EC2 had reached its limit of tracked connections',
  },
} as const satisfies Record<string, HostMetric>;

/** Of every host that answers SIP over TLS. */
export const tlsMetrics = {
  CertificateDays: {
    kind: 'gauge',
    unit: 'days',
    what: 'whole days until the certificate of SIP over TLS expires; 0 once it has',
  },
} as const satisfies Record<string, HostMetric>;

export const mediaMetrics = {
  RelaySessions: {
    kind: 'gauge',
    unit: 'calls',
    what: 'calls that rtpengine relays now',
    from: series(relayPage, 'sessions', 'own'),
  },
  UserspacePackets: {
    kind: 'counter',
    unit: 'packets',
    what: 'packets that rtpengine relayed itself instead of in the kernel',
    from: series(relayPage, 'packets_total', 'userspace'),
  },
  KernelPackets: {
    kind: 'counter',
    unit: 'packets',
    what: 'packets that the kernel forwarded for rtpengine',
    from: series(relayPage, 'packets_total', 'kernel'),
  },
} as const satisfies Record<string, HostMetric>;

const unproved = ['unproved_edge', 'stale_proof', 'replayed_proof'];

export const sbcMetrics = {
  Active: { kind: 'gauge', unit: '1 or 0', what: '1 while the host is the active SBC' },
  Calls: { kind: 'gauge', unit: 'calls', what: 'calls that the SBC knows of', from: series(sbcPage, 'calls') },
  AnsweredCalls: {
    kind: 'counter',
    unit: 'calls',
    what: 'calls that were answered',
    from: series(sbcPage, 'answered_total'),
  },
  RecordsSent: {
    kind: 'counter',
    unit: 'events',
    what: 'events of calls that Redis has taken',
    from: series(sbcPage, 'records_total', 'sent'),
  },
  TrunksUnregistered: {
    kind: 'gauge',
    unit: 'trunks',
    what: 'trunks with `register` whose carrier does not have the cell’s binding',
    from: series(sbcPage, 'trunks_unregistered'),
  },
  RecordsWaiting: {
    kind: 'gauge',
    unit: 'events',
    what: 'events of calls that wait for Redis',
    from: series(sbcPage, 'records_waiting'),
  },
  TablesAge: {
    kind: 'gauge',
    unit: 'seconds',
    what: 'seconds since the SBC last read its tables from the database',
    from: series(sbcPage, 'tables_age_seconds'),
  },
  ProbeFailing: {
    kind: 'gauge',
    unit: 'parts',
    what: 'what the probe of the SBC finds not well: media hosts without audio, the SBC itself, records, the database',
    from: series(sbcPage, 'probe_failing'),
  },
  ProbeAge: {
    kind: 'gauge',
    unit: 'seconds',
    what: 'seconds since the probe of the SBC last said anything',
    from: series(sbcPage, 'probe_age_seconds'),
  },
  EmergencyRoutesDown: {
    kind: 'gauge',
    unit: 'countries',
    what: 'countries of whose emergency trunks none answers; of cells with emergency calls',
    from: series(sbcPage, 'emergency_routes_down'),
  },
  EmergencyFaults: {
    kind: 'counter',
    unit: 'calls',
    what: 'emergency calls that failed, or that went without a relay; of cells with emergency calls',
    from: [series(sbcPage, 'emergency_failed_total'), series(sbcPage, 'emergency_without_relay_total')],
  },
  NearCaps: {
    kind: 'gauge',
    unit: 'caps',
    what: 'caps on calls to carriers that were nearly reached within ten minutes; of cells with fraud.byTenant',
    from: series(sbcPage, 'near_caps'),
  },
  UnprovedEdge: {
    kind: 'counter',
    unit: 'requests',
    what: 'requests from an edge’s address that were dropped because their proof was none, too old, or used before',
    from: unproved.map((reason) => series(sbcPage, 'dropped_total', reason)),
  },
} as const satisfies Record<string, HostMetric>;

export const edgeMetrics = {
  Ready: {
    kind: 'gauge',
    unit: '1 or 0',
    what: '1 while the edge takes new calls, as its health check says: loaded, answering, not draining',
  },
  DirectoryReachable: { kind: 'gauge', unit: '1 or 0', what: '1 while the tenant directory answers the edge' },
  DirectoryEntries: {
    kind: 'gauge',
    unit: 'entries',
    what: 'domains, numbers and source addresses that the edge knows',
  },
  DirectoryRefused: {
    kind: 'counter',
    unit: 'items',
    what: 'items of the directory that the edge refused; one that stays wrong is refused again every hour',
  },
  DirectoryUntold: { kind: 'gauge', unit: 'changes', what: 'changes of the directory that Kamailio has yet to take' },
  Calls: {
    kind: 'gauge',
    unit: 'calls',
    what: 'calls that go through the edge: a drained one is empty at 0',
    from: series(edgePage, 'edge_calls'),
  },
  ClockOffset: {
    kind: 'gauge',
    unit: 'seconds',
    what: 'seconds between the edge’s clock and that of the cell which is furthest from it',
    from: series(edgePage, 'edge_clock_offset_seconds'),
  },
  CellUnreachable: {
    kind: 'counter',
    unit: 'requests',
    what: 'requests that were turned away because no SBC of their cell answered',
    from: series(edgePage, 'edge_rejected', 'cell_unreachable'),
  },
  UnknownTenant: {
    kind: 'counter',
    unit: 'requests',
    what: 'requests that were turned away because no tenant has their domain, number or source',
    from: series(edgePage, 'edge_rejected', 'unknown_tenant'),
  },
} as const satisfies Record<string, HostMetric>;

export type HostMetricName =
  | keyof typeof hostMetrics
  | keyof typeof tlsMetrics
  | keyof typeof mediaMetrics
  | keyof typeof sbcMetrics
  | keyof typeof edgeMetrics;
