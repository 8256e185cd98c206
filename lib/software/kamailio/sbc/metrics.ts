import type { Cell, SbcHost } from '../../../fleet/derive/cell.ts';
import { internalPorts } from '../../../fleet/schema/fixed.ts';
import { counter, gauge, metricsPage, prometheus, unreadable } from '../common/metrics.ts';
import type { Section } from '../common/section.ts';

/** Metrics for Prometheus. No label names a tenant: with 500 tenants and more that would be thousands of series a host. */
export function metrics(cell: Cell, host: SbcHost): Section {
  return {
    title: 'Metrics',
    text: `
${prometheus('cellstamp_sbc_').trim()}
# Calls admitted, answered, ended; requests refused and dropped.
${counter('setups_total', 'kind')}
${counter('answered_total')}
${counter('ended_total', 'reason')}
# Sums over calls, and how many calls are in them: from INVITE to ringing or answer; of ended calls what the relay measured,
# loss in whole percents.
${counter('post_dial_delay_milliseconds_total')}
${counter('post_dial_delay_samples_total')}
${counter('jitter_milliseconds_total')}
${counter('loss_percent_total')}
${counter('media_samples_total')}
${counter('rejected_total', 'reason')}
# Calls of whose refusal there is no line and no record: there were too many.
${counter('refusals_untold_total')}
${counter('dropped_total', 'reason')}
${counter('bans_total')}
${counter('registrations_total')}
${counter('look_ups_failed_total')}
${counter('media_failures_total', 'media')}
${counter('trunk_failures_total')}
# Answers and CANCELs of calls that rang, and INVITEs of calls that were admitted, when the other SBC died.
${counter('taken_over_total', 'what')}
# Shared places did not follow the tenants' calls: a guarantee was changed.
${counter('shared_recounts_total')}
# Records: put into the queue, confirmed by Redis, pushed out of a full queue, taken over from the other SBC.
${counter('records_total', 'step')}
${counter('record_failures_total')}
${gauge('records_waiting')}
${gauge('events_waiting')}
${gauge('media_calls', 'media')}
${gauge('media_host_up', 'media')}
# 1 while it gets no new calls.
${gauge('media_host_drained', 'media')}
${gauge('calls')}
# Registered contacts, those that the other SBC took among them.
${gauge('contacts')}
${unreadableMessages.text}
${metricsPage(host.address, internalPorts.sbcMetrics, currentState(cell) + unreadableMessages.atScrape)}`,
  };
}

const unreadableMessages = unreadable('unreadable_total');

/** Gauges, and counters that have not counted yet. */
function currentState(cell: Cell): string {
  return `    $var(sum) = 0;
${cell.media
  .map(
    ({ number, name }) => `    $var(n) = $sht(load=>m:${number});
    $var(sum) = $var(sum) + $var(n);
    prom_gauge_set("media_calls", "$var(n)", "${name}");
    prom_gauge_set("media_host_up", "$sht(alive=>${number})", "${name}");
    $var(drained) = 0;
    if ($sht(drains=>${number}) != $null) $var(drained) = 1;
    prom_gauge_set("media_host_drained", "$var(drained)", "${name}");`,
  )
  .join('\n')}
    prom_gauge_set("calls", "$var(sum)");
    prom_gauge_set("contacts", "$stat(location_contacts)");
    # A rate over a series that begins with its first calls does not count these: it begins with none.
${['user', 'in', 'out', 'feature'].map((kind) => `    prom_counter_inc("setups_total", "0", "${kind}");`).join('\n')}
    prom_counter_inc("answered_total", "0");
${[
  'post_dial_delay_milliseconds_total',
  'post_dial_delay_samples_total',
  'jitter_milliseconds_total',
  'loss_percent_total',
  'media_samples_total',
]
  .map((name) => `    prom_counter_inc("${name}", "0");`)
  .join('\n')}
    prom_counter_inc("records_total", "0", "sent");
    prom_gauge_set("events_waiting", "$mq_size(events)");
    prom_gauge_set("records_waiting", "$mq_size(records)");
`;
}
