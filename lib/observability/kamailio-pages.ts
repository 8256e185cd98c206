/** What Kamailio shows on its Prometheus page. The configuration of SBCs and edges declares these metrics and no others. */
import type { MetricPage, PageMetric } from './metric-page.ts';

const sbcMetrics = {
  setups_total: { kind: 'counter', unit: 'calls', labels: ['kind'], what: 'Calls admitted.' },
  answered_total: { kind: 'counter', unit: 'calls', what: 'Calls answered.' },
  ended_total: { kind: 'counter', unit: 'calls', labels: ['reason'], what: 'Calls ended.' },
  seizures_total: {
    kind: 'counter',
    unit: 'calls',
    labels: ['outcome', 'trunk'],
    what: 'Calls by what became of them: answered; user (busy, declined, not answered, or the caller gave up); network (somebody else refused it, or nobody said anything). With the trunk by which it left, or - for a call that did not leave; each further trunk that was tried counts again.',
  },
  post_dial_delay_milliseconds: {
    kind: 'histogram',
    unit: 'milliseconds',
    labels: ['trunk'],
    // 6, 8 and 11 s are what ITU-T E.721 allows 95 % of local, toll and international calls.
    buckets: [100, 250, 500, 1000, 1500, 2500, 4000, 6000, 8000, 11_000],
    what: 'From INVITE to ringing or answer. With the trunk by which the call left, or - for a call that did not leave.',
  },
  jitter_milliseconds_total: {
    kind: 'counter',
    unit: 'milliseconds',
    labels: ['media'],
    what: 'Sum over ended calls, as the relay measured.',
  },
  loss_percent_total: {
    kind: 'counter',
    unit: 'percent',
    labels: ['media'],
    what: 'Sum over ended calls, in whole percents, as the relay measured.',
  },
  media_samples_total: { kind: 'counter', unit: 'calls', labels: ['media'], what: 'Calls in these two sums.' },
  rejected_total: { kind: 'counter', unit: 'requests', labels: ['reason'], what: 'Requests refused.' },
  refusals_untold_total: {
    kind: 'counter',
    unit: 'calls',
    what: 'Calls of whose refusal there is no line and no record: there were too many.',
  },
  dropped_total: { kind: 'counter', unit: 'requests', labels: ['reason'], what: 'Requests dropped without an answer.' },
  bans_total: { kind: 'counter', unit: 'sources', what: 'Sources banned.' },
  registrations_total: { kind: 'counter', unit: 'registrations', what: 'Registrations taken.' },
  look_ups_failed_total: {
    kind: 'counter',
    unit: 'look-ups',
    what: 'Look-ups of users that the database did not answer.',
  },
  media_failures_total: {
    kind: 'counter',
    unit: 'commands',
    labels: ['media'],
    what: 'Offers and deletes that a relay did not take.',
  },
  taken_over_total: {
    kind: 'counter',
    unit: 'messages',
    labels: ['what'],
    what: 'Answers and CANCELs of calls that rang, and INVITEs of calls that were admitted, when the other SBC died.',
  },
  shared_recounts_total: {
    kind: 'counter',
    unit: 'recounts',
    what: 'Shared places did not follow the calls of tenants: a guarantee was changed.',
  },
  records_total: {
    kind: 'counter',
    unit: 'records',
    labels: ['step'],
    what: 'Records: put into the queue, confirmed by Redis, pushed out of a full queue, taken over from the other SBC.',
  },
  record_failures_total: { kind: 'counter', unit: 'commands', what: 'Commands about records that Redis did not take.' },
  records_waiting: { kind: 'gauge', unit: 'records', what: 'Records that wait for Redis.' },
  events_waiting: { kind: 'gauge', unit: 'events', what: 'Events that wait to be replicated to the other SBC.' },
  trunk_calls: {
    kind: 'gauge',
    unit: 'calls',
    labels: ['trunk'],
    what: 'Calls over a trunk, both directions together.',
  },
  trunk_registered: {
    kind: 'gauge',
    unit: '1 or 0',
    labels: ['trunk'],
    what: '1 while the carrier of a trunk with `register` has the cell’s binding, as the active SBC knows; 0 on the other one.',
  },
  trunks_unregistered: {
    kind: 'gauge',
    unit: 'trunks',
    what: 'Trunks with `register` whose carrier does not have the cell’s binding; 0 on an SBC that is not active.',
  },
  media_calls: { kind: 'gauge', unit: 'calls', labels: ['media'], what: 'Calls on a media host.' },
  media_host_up: {
    kind: 'gauge',
    unit: '1 or 0',
    labels: ['media'],
    what: '1 while the relay of a media host answers.',
  },
  media_host_drained: {
    kind: 'gauge',
    unit: '1 or 0',
    labels: ['media'],
    what: '1 while a media host gets no new calls.',
  },
  media_host_silent: {
    kind: 'gauge',
    unit: '1 or 0',
    labels: ['media'],
    what: '1 while a media host gets no new calls because those of the probe have no audio there.',
  },
  probe_good: {
    kind: 'gauge',
    unit: '1 or 0',
    labels: ['part'],
    what: '1 while what the probe looks at is well, 0 while it is not: media-NUMBER, sbc, record, database, emergency-COUNTRY.',
  },
  probe_failing: { kind: 'gauge', unit: 'parts', what: 'How many of these are not well.' },
  probe_age_seconds: { kind: 'gauge', unit: 'seconds', what: 'Since the probe last said anything.' },
  active: {
    kind: 'gauge',
    unit: '1 or 0',
    what: '1 while this SBC has the floating addresses, as keepalived has said.',
  },
  calls: { kind: 'gauge', unit: 'calls', what: 'Calls.' },
  tables_age_seconds: {
    kind: 'gauge',
    unit: 'seconds',
    what: 'Since this host last read the tables of tenants, trunks and users from the database.',
  },
  contacts: { kind: 'gauge', unit: 'contacts', what: 'Registered contacts, those that the other SBC took among them.' },
  near_caps: {
    kind: 'gauge',
    unit: 'caps',
    what: 'Caps of tenants and users on calls to carriers (tenants.outbound) that were nearly reached within ten minutes.',
  },
  emergency_calls_total: { kind: 'counter', unit: 'calls', what: 'Emergency calls.' },
  emergency_failed_total: {
    kind: 'counter',
    unit: 'calls',
    what: 'Emergency calls that no trunk has taken, or that could not be sent.',
  },
  emergency_without_relay_total: {
    kind: 'counter',
    unit: 'calls',
    what: 'Emergency calls that no media host took, and that went without a relay.',
  },
  emergency_route_up: {
    kind: 'gauge',
    unit: '1 or 0',
    labels: ['country'],
    what: '1 while a trunk to the emergency services of a country answers. On the standby, which asks none, 1.',
  },
  emergency_routes_down: {
    kind: 'gauge',
    unit: 'countries',
    what: 'Countries of whose emergency trunks none answers.',
  },
  unreadable_total: {
    kind: 'counter',
    unit: 'messages',
    labels: ['what'],
    what: 'Dropped before the script because they are unreadable: message for the first line or the Via, headers for From, To, Call-ID or CSeq.',
  },
} as const satisfies Record<string, PageMetric>;

const edgeMetrics = {
  edge_requests: { kind: 'counter', unit: 'requests', labels: ['method'], what: 'Requests sent on to a cell.' },
  edge_rejected: { kind: 'counter', unit: 'requests', labels: ['reason'], what: 'Requests refused or dropped.' },
  edge_handed_over: {
    kind: 'counter',
    unit: 'messages',
    labels: ['method'],
    what: 'What belongs to another edge, handed to it.',
  },
  edge_taken_over: {
    kind: 'counter',
    unit: 'messages',
    labels: ['method'],
    what: 'What another edge has handed over.',
  },
  edge_clock_offset_seconds: {
    kind: 'gauge',
    unit: 'seconds',
    what: 'Between the clock of the edge and that of the cell which is furthest from it.',
  },
  edge_calls: { kind: 'gauge', unit: 'calls', what: 'Calls through this edge.' },
  edge_unreadable: sbcMetrics.unreadable_total,
} as const satisfies Record<string, PageMetric>;

export const sbcPage: MetricPage<keyof typeof sbcMetrics> = { prefix: 'cellstamp_sbc_', metrics: sbcMetrics };
export const edgePage: MetricPage<keyof typeof edgeMetrics> = { prefix: 'cellstamp_', metrics: edgeMetrics };

/** Reasons of the metrics `rejected_total` and `ended_total` for which a call fails by the cell's own fault: no limit, mistake or attack explains them. */
export const ownFaults = {
  rejected_total: [
    ...['cell_rate', 'no_media_host', 'no_feature_host', 'no_trunk'],
    ...['not_registered', 'media_description', 'not_hidden'],
  ],
  ended_total: ['media_lost', 'media_refused', 'one_sided'],
} as const;

/** Outcomes of the metric `seizures_total`. */
export const outcomes = ['answered', 'user', 'network'] as const;

/** The label `trunk` of a call that does not leave by one: Kamailio takes no empty label. */
export const noTrunk = '-';
