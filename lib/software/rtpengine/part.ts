/**
 * The relays of a media host: its own, and the one that it takes over when that one's host is lost. Each is an rtpengine of its own,
 * with the address of the relay, which only its holder has (`../take-over`).
 */
import type { Cell, MediaHost } from '../../fleet/derive/cell.ts';
import { internalPorts } from '../../fleet/schema/fixed.ts';
import { values } from '../values.ts';

export interface RelayPart {
  /** Name of its service. */
  readonly service: 'rtpengine' | 'rtpengine-guest';
  readonly configPath: string;
  /** Number of the relay, which is that of its home host. */
  readonly number: number;
  readonly address: string;
  /** Name of the late-bound value. */
  readonly publicAddress: string;
  /** Port of its command line, on loopback: it limits and lists sessions. */
  readonly cliPort: number;
  /** Where it shows its metrics, and answers questions that are too long for a datagram. */
  readonly web: readonly string[];
  /** Number of its table in the kernel. */
  readonly kernelTable: number;
  readonly pidPath: string;
  /** Where its calls are kept so that another host can take them over. */
  readonly calls?: {
    /** Name of the Redis service. */
    readonly service: 'own-calls' | 'guest-calls';
    readonly port: number;
    readonly copyPort: number;
    /** The other host of the relay. */
    readonly peer: MediaHost;
  };
}

/** Port of rtpengine's command line, on loopback. */
export const rtpengineCliPort = 2224;
export const guestCliPort = 2225;
export const guestConfigPath = '/etc/rtpengine/guest.conf';

export function ownRelay(cell: Cell, host: MediaHost): RelayPart {
  const moves = host.guest !== undefined;
  const peer = cell.media.find(({ guest }) => guest === host.number);
  const web = [host.address, ...(moves ? [host.relayAddress] : [])];
  return {
    service: 'rtpengine',
    configPath: '/etc/rtpengine/rtpengine.conf',
    number: host.number,
    address: host.relayAddress,
    publicAddress: values.publicAddress.name,
    cliPort: rtpengineCliPort,
    web: web.map((address) => `${address}:${internalPorts.rtpengineMetrics}`),
    kernelTable: 0,
    pidPath: '/run/rtpengine/own.pid',
    ...(peer === undefined
      ? {}
      : { calls: { service: 'own-calls', port: internalPorts.ownCalls, copyPort: internalPorts.ownCallsCopy, peer } }),
  };
}

/** The relay of another host that this one may take over. */
export function guestRelay(cell: Cell, host: MediaHost): RelayPart | undefined {
  const peer = cell.media.find(({ number }) => number === host.guest);
  if (peer === undefined) return undefined;
  return {
    service: 'rtpengine-guest',
    configPath: guestConfigPath,
    number: peer.number,
    address: peer.relayAddress,
    publicAddress: values.guestPublicAddress.name,
    cliPort: guestCliPort,
    web: [`${host.address}:${internalPorts.guestMetrics}`, `${peer.relayAddress}:${internalPorts.rtpengineMetrics}`],
    kernelTable: 1,
    pidPath: '/run/rtpengine/guest.pid',
    calls: {
      service: 'guest-calls',
      port: internalPorts.guestCalls,
      copyPort: internalPorts.guestCallsCopy,
      peer,
    },
  };
}

export function relayParts(cell: Cell, host: MediaHost): readonly RelayPart[] {
  const guest = guestRelay(cell, host);
  return [ownRelay(cell, host), ...(guest === undefined ? [] : [guest])];
}
