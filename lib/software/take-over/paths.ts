/** On media hosts and SBCs: decides with the others who holds the address of a relay; on media hosts, for root, shows and moves it. */
export const relaysProgram = '/usr/local/lib/cellstamp/relays';
export const relaysConfig = '/etc/cellstamp/relays.json';
/** The kernel's part: nothing leaves from a relay's address without a lease. */
export const relayFenceService = 'relay-fence';
/** The target's script that takes a relay's addresses for this host, or drops them; its arguments are take or drop, and the relay's number. */
export const claimRelayPath = '/usr/local/lib/cellstamp/claim-relay';
