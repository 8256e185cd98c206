/** Kamailio's Prometheus page. */
import type { MetricPage } from '../../../observability/metric-page.ts';

/** The module's settings, and every metric of the page. */
export function prometheus({ prefix, metrics }: MetricPage<string>): string {
  return `modparam("xhttp_prom", "xhttp_prom_beginning", "${prefix}")
modparam("xhttp_prom", "xhttp_prom_buf_size", 524288)
# A counter that has not changed is still printed.
modparam("xhttp_prom", "xhttp_prom_timeout", 0)
modparam("xhttp_prom", "xhttp_prom_stats", "shmem:")
${Object.entries(metrics)
  .map(([name, { kind, what, labels = [], buckets = [] }]) => {
    const label = labels.length === 0 ? '' : ` label=${labels.join(':')};`;
    const bucket = buckets.length === 0 ? '' : ` buckets=${buckets.join(':')};`;
    return `# ${what}
modparam("xhttp_prom", "prom_${kind}", "name=${name};${label}${bucket}")`;
  })
  .join('\n')}
`;
}

/**
 * Messages that Kamailio cannot read: it drops them before any of our routes. Of the ones whose first line or Via it cannot read it tells
 * this event; those without a readable From, To, Call-ID or CSeq it counts itself.
 */
export function unreadable(name: string): { readonly text: string; readonly atScrape: string } {
  return {
    text: `
modparam("pv", "shvset", "unreadable=i:0")
event_route[core:receive-parse-error] {
    prom_counter_inc("${name}", "1", "message");
}`,
    atScrape: `    $var(now) = $stat(err_requests) + $stat(err_replies);
    $var(n) = $var(now) - $shv(unreadable);
    $shv(unreadable) = $var(now);
    prom_counter_inc("${name}", "0", "message");
    prom_counter_inc("${name}", "$var(n)", "headers");
`,
  };
}

/** The route that hands the page out, and what it does before that. */
export function metricsPage(address: string, port: number, before = ''): string {
  return `
event_route[xhttp:request] {
    if ($Ri != "${address}" || $Rp != ${port} || $hu != "/metrics") {
        xhttp_reply("404", "Not Found", "text/plain", "");
        exit;
    }
${before}    prom_dispatch();
}
`;
}
