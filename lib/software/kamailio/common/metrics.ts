/** What every Kamailio's Prometheus page has in common. */

/** @param prefix Begins every name: `cellstamp_sbc_`. */
export function prometheus(prefix: string): string {
  return `
modparam("xhttp_prom", "xhttp_prom_beginning", "${prefix}")
modparam("xhttp_prom", "xhttp_prom_buf_size", 262144)
# A counter that has not moved is still there.
modparam("xhttp_prom", "xhttp_prom_timeout", 0)
modparam("xhttp_prom", "xhttp_prom_stats", "shmem:")
`;
}

export function counter(name: string, label?: string): string {
  return definition('prom_counter', name, label);
}

export function gauge(name: string, label?: string): string {
  return definition('prom_gauge', name, label);
}

function definition(kind: 'prom_counter' | 'prom_gauge', name: string, label?: string): string {
  return `modparam("xhttp_prom", "${kind}", "name=${name};${label === undefined ? '' : ` label=${label};`}")`;
}

/**
 * Messages that Kamailio cannot read: it drops them before any of our routes. Of the ones whose first line or Via it cannot read it tells
 * this event; those without a readable From, To, Call-ID or CSeq it counts itself.
 */
export function unreadable(name: string): { readonly text: string; readonly atScrape: string } {
  return {
    text: `
# Dropped before the script because they can't be read: 1st label for the first line or the Via, 2nd for From, To, Call-ID or CSeq.
${counter(name, 'what')}
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
