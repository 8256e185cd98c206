/** Port numbers of the front that no one sets. */
export const edgePorts = {
  /** SIP between edges and cells where the edge's public UDP is off. */
  cellSip: 5080,
  /** Prometheus metrics of Kamailio. */
  metrics: 9494,
} as const;
