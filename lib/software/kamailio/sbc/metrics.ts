import type { Cell, SbcHost } from '../../../fleet/derive/cell.ts';
import { internalPorts } from '../../../fleet/schema/fixed.ts';
import { noTrunk, outcomes, ownFaults, sbcPage } from '../../../observability/kamailio-pages.ts';
import { outboundMetrics, withCaps } from './outbound.ts';
import { metricsPage, prometheus, unreadable } from '../common/metrics.ts';
import type { Section } from '../common/section.ts';
import { emergencyMetrics } from './emergency.ts';
import { hasEmergency } from './with-emergency.ts';
import { registers, registrationMetrics } from './carrier-registrations.ts';
import { hasProbe, probeMetrics } from './probe.ts';

export function metrics(cell: Cell, host: SbcHost): Section {
  return {
    title: 'Metrics',
    text: `
${prometheus(sbcPage).trim()}
${unreadableMessages.text}
${metricsPage(host.address, internalPorts.sbcMetrics, currentState + (hasProbe(cell) ? probeMetrics : '') + (hasEmergency(cell) ? emergencyMetrics(cell) : '') + withCaps(cell, outboundMetrics) + (registers(cell) ? registrationMetrics : '') + unreadableMessages.atScrape)}`,
  };
}

const unreadableMessages = unreadable('unreadable_total');

/** Outcomes of calls by one way. */
const countFromZero = (trunk: string): string =>
  outcomes.map((outcome) => `    prom_counter_inc("seizures_total", "0", "${outcome}", "${trunk}");`).join('\n');

/** Gauges, and counters that have not counted yet. */
const currentState = `    $var(sum) = 0;
    $var(numbers) = $sht(media=>numbers);
    $var(place) = 0;
    $var(m) = $(var(numbers){s.select,0,:});
    while ($var(m) != "") {
        $var(n) = $sht(load=>m:$var(m));
        $var(sum) = $var(sum) + $var(n);
        prom_gauge_set("media_calls", "$var(n)", "media-$var(m)");
        prom_gauge_set("media_host_up", "$sht(alive=>$var(m))", "media-$var(m)");
        $var(silent) = 0;
        if ($sht(silent_media=>$var(m)) != $null) $var(silent) = 1;
        prom_gauge_set("media_host_silent", "$var(silent)", "media-$var(m)");
        $var(drained) = 0;
        if ($sht(drains=>$var(m)) != $null || $sht(media=>serves:$var(m)) != 1) $var(drained) = 1;
        prom_gauge_set("media_host_drained", "$var(drained)", "media-$var(m)");
${['jitter_milliseconds_total', 'loss_percent_total', 'media_samples_total']
  .map((name) => `        prom_counter_inc("${name}", "0", "media-$var(m)");`)
  .join('\n')}
        $var(place) = $var(place) + 1;
        $var(m) = $(var(numbers){s.select,$var(place),:});
    }
    prom_gauge_set("active", "$shv(active)");
    prom_gauge_set("calls", "$var(sum)");
    $var(age) = $TV(sn) - $shv(tables_fetched);
    prom_gauge_set("tables_age_seconds", "$var(age)");
    prom_gauge_set("contacts", "$stat(location_contacts)");
    # A rate over a series that begins with its first calls does not count these: it begins with none.
${['user', 'in', 'out', 'feature'].map((kind) => `    prom_counter_inc("setups_total", "0", "${kind}");`).join('\n')}
    prom_counter_inc("answered_total", "0");
${countFromZero(noTrunk)}
    $var(list) = $sht(trunks=>*);
    $var(place) = 0;
    $var(trunk) = $(var(list){s.select,0,:});
    while ($var(trunk) != "") {
${countFromZero('$var(trunk)').replaceAll(/^/gm, '    ')}
        $var(n) = $sht(load=>k:$var(trunk));
        prom_gauge_set("trunk_calls", "$var(n)", "$var(trunk)");
        $var(place) = $var(place) + 1;
        $var(trunk) = $(var(list){s.select,$var(place),:});
    }
${(['rejected_total', 'ended_total'] as const)
  .flatMap((name) => ownFaults[name].map((reason) => `    prom_counter_inc("${name}", "0", "${reason}");`))
  .join('\n')}
    prom_counter_inc("records_total", "0", "sent");
    prom_gauge_set("events_waiting", "$mq_size(events)");
    prom_gauge_set("records_waiting", "$mq_size(records)");
`;
