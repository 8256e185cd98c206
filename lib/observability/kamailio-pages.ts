/** What Kamailio shows on its Prometheus page. The configuration of SBCs and edges declares these metrics and no others. */
import type { MetricPage, PageMetric } from './metric-page.ts';

const sbcMetrics = {
  setups_total: { kind: 'counter', unit: 'calls', label: 'kind', what: 'Calls admitted.' },
  answered_total: { kind: 'counter', unit: 'calls', what: 'Calls answered.' },
  ended_total: { kind: 'counter', unit: 'calls', label: 'reason', what: 'Calls ended.' },
  post_dial_delay_milliseconds_total: {
    kind: 'counter',
    unit: 'milliseconds',
    what: 'Sum over calls, from INVITE to ringing or answer.',
  },
  post_dial_delay_samples_total: { kind: 'counter', unit: 'calls', what: 'Calls in this sum.' },
  jitter_milliseconds_total: {
    kind: 'counter',
    unit: 'milliseconds',
    what: 'Sum over ended calls, as the relay measured.',
  },
  loss_percent_total: {
    kind: 'counter',
    unit: 'percent',
    what: 'Sum over ended calls, in whole percents, as the relay measured.',
  },
  media_samples_total: { kind: 'counter', unit: 'calls', what: 'Calls in these two sums.' },
  rejected_total: { kind: 'counter', unit: 'requests', label: 'reason', what: 'Requests refused.' },
  refusals_untold_total: {
    kind: 'counter',
    unit: 'calls',
    what: 'Calls of whose refusal there is no line and no record: there were too many.',
  },
  dropped_total: { kind: 'counter', unit: 'requests', label: 'reason', what: 'Requests dropped without an answer.' },
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
    label: 'media',
    what: 'Offers and deletes that a relay did not take.',
  },
  trunk_failures_total: { kind: 'counter', unit: 'calls', what: 'Calls that an address of a trunk did not take.' },
  taken_over_total: {
    kind: 'counter',
    unit: 'messages',
    label: 'what',
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
    label: 'step',
    what: 'Records: put into the queue, confirmed by Redis, pushed out of a full queue, taken over from the other SBC.',
  },
  record_failures_total: { kind: 'counter', unit: 'commands', what: 'Commands about records that Redis did not take.' },
  records_waiting: { kind: 'gauge', unit: 'records', what: 'Records that wait for Redis.' },
  events_waiting: { kind: 'gauge', unit: 'events', what: 'Events that wait to be replicated to the other SBC.' },
  media_calls: { kind: 'gauge', unit: 'calls', label: 'media', what: 'Calls on a media host.' },
  media_host_up: { kind: 'gauge', unit: '1 or 0', label: 'media', what: '1 while the relay of a media host answers.' },
  media_host_drained: {
    kind: 'gauge',
    unit: '1 or 0',
    label: 'media',
    what: '1 while a media host gets no new calls.',
  },
  media_host_silent: {
    kind: 'gauge',
    unit: '1 or 0',
    label: 'media',
    what: '1 while a media host gets no new calls because those of the probe have no audio there.',
  },
  probe_good: {
    kind: 'gauge',
    unit: '1 or 0',
    label: 'part',
    what: '1 while what the probe looks at is well, 0 while it is not: media-NUMBER, sbc, record, database.',
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
  unreadable_total: {
    kind: 'counter',
    unit: 'messages',
    label: 'what',
    what: 'Dropped before the script because they are unreadable: message for the first line or the Via, headers for From, To, Call-ID or CSeq.',
  },
} as const satisfies Record<string, PageMetric>;

const edgeMetrics = {
  edge_requests: { kind: 'counter', unit: 'requests', label: 'method', what: 'Requests sent on to a cell.' },
  edge_rejected: { kind: 'counter', unit: 'requests', label: 'reason', what: 'Requests refused or dropped.' },
  edge_handed_over: {
    kind: 'counter',
    unit: 'messages',
    label: 'method',
    what: 'What belongs to another edge, handed to it.',
  },
  edge_taken_over: { kind: 'counter', unit: 'messages', label: 'method', what: 'What another edge has handed over.' },
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
