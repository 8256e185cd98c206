/** Where an edge listens, and from where it sends: the anycast side towards clients, its own address towards all others. */
import type { EdgeHost, Front } from '../../../fleet/derive/front.ts';
import { edgePorts } from '../../../fleet/schema/fixed.ts';
import { late } from '../../../fleet/late-bound.ts';
import { values } from '../../values.ts';

export const publicAddress = late(values.publicAddress.name);

/** UDP port at which an edge speaks with cells and other edges, on its unicast side. */
export function cellSipPort(front: Front): number {
  const { udp } = front.spec.edge.transports;
  return udp === 'off' ? edgePorts.cellSip : udp;
}

/** From here Kamailio tells the flood guard in the kernel what it does not see. */
export function guardSocket(edge: EdgeHost): string {
  return `udp:${edge.address}:${edgePorts.guard}`;
}

export function listenLines(front: Front, edge: EdgeHost): string {
  const { udp, tcp, tls } = front.spec.edge.transports;
  const pair = (protocol: string, port: number) =>
    [
      `listen=${protocol}:${edge.address}:${port} advertise ${publicAddress}:${port} name "${protocol}-anycast"`,
      `listen=${protocol}:${edge.unicastSide}:${port} advertise ${publicAddress}:${port} name "${protocol}-unicast"`,
    ].join('\n');
  return [
    udp === 'off' ? '' : pair('udp', udp),
    tcp === 'off' ? '' : pair('tcp', tcp),
    tls === 'off' ? '' : pair('tls', tls),
    // Cells are always reached over UDP from the unicast side; without public UDP this socket is for them alone.
    udp === 'off'
      ? `listen=udp:${edge.unicastSide}:${edgePorts.cellSip} advertise ${publicAddress}:${edgePorts.cellSip}`
      : '',
  ]
    .filter(Boolean)
    .join('\n');
}

/** Sockets by the names that `$fs` takes. */
export function sendingSockets(front: Front, edge: EdgeHost): { readonly toCells: string; readonly toClients: string } {
  const port = cellSipPort(front);
  return { toCells: `udp:${edge.unicastSide}:${port}`, toClients: `udp:${edge.address}:${port}` };
}
