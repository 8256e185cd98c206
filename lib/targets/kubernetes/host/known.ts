/** What a node remembers beyond the end of its host's pod, in a folder that the containers have which need it. */
export const knownFolder = '/cellstamp/known';

/** Addresses of the SBCs, as they were when the host was started last. */
export const knownSbcs = `${knownFolder}/sbcs.json`;

/**
 * Is there while the SBC of the node is drained: its keepalived waits, so it does not take the floating address. Its time is that of the
 * drain. A node from which the SBC moves keeps it, since nobody reaches that node any more when it is dead.
 */
export const withdrawnMark = `${knownFolder}/withdrawn`;

/** Words for a person, within double quotes of bash. */
export const drainedSince = `drained on this node since $(date --utc --reference=${withdrawnMark} +%FT%TZ)`;
