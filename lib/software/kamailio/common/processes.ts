/** What every Kamailio is before any module: its log, its processes, what it says of itself, and that it asks no DNS. */

/**
 * Log and workers.
 * @param setting The field of the spec that has the number of workers: `sbc.workers`.
 */
export function processes(workers: number, setting: string): string {
  return `
# Notices and above, to standard error; 3 is debug. At run time: kamcmd cfg.seti core debug 3
debug=1
log_stderror=yes
# Messages that can't be read are counted (see "Metrics"), not told one by one.
sip_parser_log=2
# All that the name of a header may have (RFC 3261, section 25.1): Kamailio's own list lacks these.
hdr_name_extra_chars="!%*\`'"
disable_core_dump=yes

# Spec: ${setting}, for each UDP socket and for TCP.
children=${workers}
tcp_children=${workers}
`;
}

/** @param role What a message from here says that it comes from: `SBC`. */
export function identity(role: string): string {
  return `
# Nothing is ours but the sockets above and the names that stand here.
auto_aliases=no

# Programs and versions are nobody's business.
server_signature=no
user_agent_header="User-Agent: ${role}"
server_header="Server: ${role}"
`;
}

export const noDns = `
# No request waits for DNS: what needs a name resolved does so in a process of its own. This only bounds the damage of a name in a
# Contact or a Via.
dns=no
rev_dns=no
dns_try_ipv6=no
dns_retr_time=1
dns_retr_no=1
dns_servers_no=2
dns_use_search_list=no
`;
