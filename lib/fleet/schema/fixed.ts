/** What no spec sets, and the rules over specs must know: numbers that are the same in every cell. */

/** The largest and the smallest range a cell may have, as prefix lengths. A VPC is /16 at most. */
export const widestPrefix = 16;
export const narrowestPrefix = 22;

/**
 * The private side's floating address of the active SBC. It lies outside every cell's range (shared address space,
 * RFC 6598), because in a VPC only a route to an address outside can be pointed at another host. Cells share no network, so
 * all use the same.
 */
export const sbcOverlayAddress = '100.64.0.10';

/**
 * What no outside has: this network (RFC 1122), this host, link-local addresses with the cloud's metadata service, multicast and
 * what is reserved above it.
 */
export const neverOutside: readonly string[] = ['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/3'];

/** Port numbers inside a cell: they never leave it. */
export const internalPorts = {
  /** SIP between the SBCs and FreeSWITCH, on the SBC's overlay address. */
  sbcOverlaySip: 5060,
  /** SIP of FreeSWITCH on a media host. */
  freeswitchSip: 5070,
  /** Kamailio's DMQ between the two SBCs. */
  sbcReplication: 5090,
  /** Kamailio to itself, on loopback: calls that the cell ends. */
  sbcSelf: 5091,
  /** From here an SBC's Kamailio tells the flood guard whom to ban and which connections to keep; nothing is taken here. UDP. */
  sbcGuard: 5092,
  /** The two ends of a call of the probe, on an SBC's loopback. UDP. */
  probeCaller: 5093,
  probeCallee: 5094,
  /** First port of the probe's audio on an SBC: see `probeAudioPorts`. */
  probeAudio: 2240,
  /** Prometheus metrics of Kamailio. */
  sbcMetrics: 9494,
  /** rtpengine's ng control protocol. */
  rtpengineControl: 2223,
  /** Prometheus metrics of rtpengine. */
  rtpengineMetrics: 9900,
  /** Who holds the address of a relay, between media hosts and SBCs. UDP. */
  relayLeases: 2230,
  /** A Redis of a media host with the calls of its own relay, on loopback, and for its copy, by TLS; the same for its guest's. */
  ownCalls: 6391,
  ownCallsCopy: 6392,
  guestCalls: 6393,
  guestCallsCopy: 6394,
  /** Prometheus metrics of rtpengine for the relay that a media host may take over. */
  guestMetrics: 9901,
  /** FreeSWITCH's event socket, on loopback. */
  eventSocket: 8021,
  postgresql: 5432,
  redis: 6379,
} as const;

/** Calls that the probe of an SBC places at the same time at most, each with two ports for RTP and the two above them for RTCP. */
export const probeCallsAtOnce = 8;
export const probeAudioPorts = {
  from: internalPorts.probeAudio,
  to: internalPorts.probeAudio + 4 * probeCallsAtOnce - 1,
} as const;

/** The cell's bucket of call set-ups holds what comes back to it in this many seconds. */
export const cellBurstSeconds = 1;

/** Call records that wait in an SBC's memory at most, about 600 bytes each. */
export const longestRecordQueue = 100_000;

/** The widest range whose addresses an edge knows one by one (256), as a prefix length. */
export const widestEdgeSourcePrefix = 24;

/** Port numbers of an edge that no one sets. */
export const edgePorts = {
  /** SIP between edges and cells where the edge's public UDP is off. */
  cellSip: 5080,
  /** From here an edge's Kamailio tells the flood guard whom to ban and which connections to keep; nothing is taken here. UDP. */
  guard: 5090,
  /** Prometheus metrics of Kamailio. */
  metrics: 9494,
} as const;

/**
 * Shared memory of Kamailio that a connection over TLS takes, in bytes: measured with OpenSSL 3.0 and certificates on P-256, 15,000
 * phones at once, their registrations with them. One over TCP, or over TLS before its handshake, takes 17,500.
 */
export const connectionBytes = 71_000;
