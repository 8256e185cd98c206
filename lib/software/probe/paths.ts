/** On every SBC: places calls and says what it found; for root. The service of the same program does so all the time. */
export const probeProgram = '/usr/local/lib/cellstamp/probe';
export const probeConfig = '/etc/cellstamp/probe.json';
/** With what it found last, in `results.json`, and the socket at which it is asked. */
export const probeFolder = '/run/cellstamp-probe';
/** Where its calls go; a name that nobody can have (RFC 2606). */
export const probeDomain = 'probe.invalid';
