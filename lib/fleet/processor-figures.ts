/**
 * What work takes of a processor. The capacity of a cell and what its hosts ask of their nodes rest on the same figures; the sources are
 * told where the planner has them (`planner/component-figures.ts`).
 */

/** Relayed calls a core, forwarded in the kernel. */
export const kernelCallsPerCore = 2700;
/** Relayed calls a core, in user space. */
export const userspaceCallsPerCore = 460;
/** FreeSWITCH sessions a core, without transcoding. */
export const freeswitchSessionsPerCore = 460;
/** Seconds of a processor that an SBC takes for a call with 50,000 tenants (`docs/benchmarks.md`). */
export const sbcSecondsPerCall = 0.00057;
