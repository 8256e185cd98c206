import type { Cell, SbcHost } from '../../../fleet/derive/cell.ts';
import { internalPorts } from '../../../fleet/schema/fixed.ts';
import type { SipSocket } from '../common/options.ts';

/** Where an SBC listens, as Kamailio names a socket: `udp:10.16.0.21:5060`. */
export interface Sockets {
  /** Towards the outside, in the order in which Kamailio looks for a socket to send from. */
  readonly public: readonly {
    readonly protocol: 'udp' | 'tcp' | 'tls';
    readonly port: number;
    readonly name: string;
  }[];
  /** Towards FreeSWITCH, on the address that both SBCs share. */
  readonly overlay: string;
  /** Between the two SBCs. */
  readonly replication: string;
  /** From here Kamailio tells the flood guard in the kernel what it does not see. */
  readonly guard: string;
  /** Prometheus. */
  readonly metrics: string;
}

export function sockets(cell: Cell, host: SbcHost): Sockets {
  const { transports } = cell.spec.sbc;
  const protocols = ['udp', 'tcp', 'tls'] as const;
  return {
    public: protocols.flatMap((protocol) => {
      const port = transports[protocol];
      return port === 'off' ? [] : [{ protocol, port, name: `${protocol}:${host.floatingSide}:${port}` }];
    }),
    overlay: `udp:${cell.overlayAddress}:${internalPorts.sbcOverlaySip}`,
    replication: `udp:${host.address}:${internalPorts.sbcReplication}`,
    guard: `udp:${host.address}:${internalPorts.sbcGuard}`,
    metrics: `tcp:${host.address}:${internalPorts.sbcMetrics}`,
  };
}

/** Where the probe of this host calls its SBC: as a phone does over UDP, or, in a cell without it, inside the cell. */
export function probeSocket(
  cell: Cell,
  host: SbcHost,
): { readonly address: string; readonly port: number; readonly name: string } {
  const port = cell.spec.sbc.transports.udp;
  const [address, at] = port === 'off' ? [host.address, internalPorts.sbcReplication] : [host.floatingSide, port];
  return { address, port: at, name: `udp:${address}:${at}` };
}

/** The other SBC of the pair. */
export function peerOf(cell: Cell, host: SbcHost): SbcHost {
  return cell.sbcs[host.number === 1 ? 1 : 0];
}

/** Where an SBC's workers answer OPTIONS of their own host: at a socket that callers use, if one of them is not TLS. */
export function sbcAnswersAt(cell: Cell, host: SbcHost): SipSocket {
  const { udp, tcp } = cell.spec.sbc.transports;
  if (udp !== 'off') return { protocol: 'udp', address: host.floatingSide, port: udp };
  if (tcp !== 'off') return { protocol: 'tcp', address: host.floatingSide, port: tcp };
  return { protocol: 'udp', address: host.address, port: internalPorts.sbcReplication };
}
