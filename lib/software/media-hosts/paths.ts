/** On every SBC: brings Kamailio to the table of media hosts, at its start and while it runs; for root. */
export const mediaHostsProgram = '/usr/local/lib/cellstamp/media-hosts';
export const mediaHostsConfig = '/etc/cellstamp/media-hosts.json';
/** The table itself. A target may replace it at any time, and then has the program reload it. */
export const mediaHostsTable = '/etc/cellstamp/media-hosts';
/** What the program makes of it, and with it the hosts that are gone and may still have calls. */
export const mediaHostsFolder = '/run/sbc-media';
