/** On every SBC: lists and ends calls; for root. The service of the same program ends those with one silent side. */
export const callsProgram = '/usr/local/lib/cellstamp/calls';
export const callsConfig = '/etc/cellstamp/calls.json';
