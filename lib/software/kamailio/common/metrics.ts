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
