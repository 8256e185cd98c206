/** What a node remembers beyond the end of its host's pod, in a folder that the containers have which need it. */
export const knownFolder = '/cellstamp/known';

/** Addresses of the SBCs, as they were when the host was started last. */
export const knownSbcs = `${knownFolder}/sbcs.json`;

/** Is there while the SBC of the node is drained: its keepalived waits, so it does not take the floating address. */
export const withdrawnMark = `${knownFolder}/withdrawn`;
