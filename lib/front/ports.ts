/** Port numbers of the front that no one sets. */
export const edgePorts = {
  /** SIP between edges and cells where the edge's public UDP is off. */
  cellSip: 5080,
  /** From here Kamailio tells the flood guard whom to ban; nothing is taken here. */
  bans: 5090,
  /** Prometheus metrics of Kamailio. */
  metrics: 9494,
} as const;
