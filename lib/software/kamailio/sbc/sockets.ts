import type { Cell, SbcHost } from '../../../cell/cell.ts';
import { internalPorts } from '../../../spec/fixed.ts';

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

/** The other SBC of the pair. */
export function peerOf(cell: Cell, host: SbcHost): SbcHost {
  return cell.sbcs[host.number === 1 ? 1 : 0];
}
