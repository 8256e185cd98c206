/**
 * Calls that outlive their media host: every relay has a second host, which has a copy of its calls and takes its address when its own
 * host is lost. Who holds it the media hosts and the SBCs agree upon (relays.py). Where addresses don't move, there is nothing of this.
 */
import type { Cell, MediaHost, SbcHost } from '../../fleet/derive/cell.ts';
import { late } from '../../fleet/late-bound.ts';
import { internalPorts } from '../../fleet/schema/fixed.ts';
import {
  emptyHostConfig,
  file,
  script,
  service,
  type Command,
  type HostConfig,
  type ListeningPort,
  type Service,
} from '../host-config.ts';
import { paths as sbcPaths } from '../kamailio/sbc/paths.ts';
import { relays as programText } from '../program-texts.ts';
import { relayParts } from '../rtpengine/part.ts';
import { values } from '../values.ts';
import { callsFile, callsService, callsTlsFiles } from './calls-redis.ts';
import { fence, fenceFile } from './fence.ts';
import { claimRelayPath, relaysConfig, relaysProgram } from './paths.ts';

const leasePort = internalPorts.relayLeases;

/** Numbers of the relays that have two hosts, with the names of both. */
function movingRelays(
  cell: Cell,
): readonly { readonly number: number; readonly home: string; readonly other: string }[] {
  return cell.media.flatMap((other) => {
    const home = cell.media.find(({ number }) => number === other.guest);
    return home === undefined ? [] : [{ number: home.number, home: home.name, other: other.name }];
  });
}

export function takeOverOnMedia(cell: Cell, host: MediaHost): HostConfig {
  const parts = relayParts(cell, host).flatMap((part) =>
    part.calls === undefined ? [] : [{ ...part, calls: part.calls }],
  );
  if (parts.length === 0) return emptyHostConfig;
  const settings = {
    ...common(host),
    redisPassword: late(values.relaySecret.name),
    sbcs: Object.fromEntries(cell.sbcs.map(({ name, address }) => [name, [address, leasePort]])),
    claim: claimRelayPath,
    // Whom it answers: of its guest the home host, which asks for its word; of its own relay the neighbour, which asks for the address.
    grants: Object.fromEntries(parts.map(({ number, calls }) => [number, [calls.peer.name]])),
    relays: parts.map((part) => ({
      number: part.number,
      home: part.number === host.number,
      addresses: [part.address, late(part.publicAddress)],
      peer: part.calls.peer.name,
      peerAt: [part.calls.peer.address, leasePort],
      cli: part.cliPort,
      pid: part.pidPath,
      copy: `/run/cellstamp-relay-${part.number}.copy`,
      redis: part.calls.port,
      peerRedis: [
        part.calls.peer.address,
        part.number === host.number ? internalPorts.guestCallsCopy : internalPorts.ownCallsCopy,
      ],
    })),
  };
  return {
    ...emptyHostConfig,
    packages: ['iproute2', 'nftables', 'python3', 'redis-server'],
    files: [
      script(relaysProgram, programText),
      file(relaysConfig, `${JSON.stringify(settings, null, 2)}\n`, { mode: '0600' }),
      fenceFile(parts.flatMap((part) => [part.address, late(part.publicAddress)])),
      ...callsTlsFiles,
      ...parts.map((part) => callsFile(host, part.number, part.calls)),
    ],
    services: [
      fence,
      ...parts.map((part) => callsService(part.calls)),
      service({
        name: 'cellstamp-relays',
        description: 'Decides with the others who holds the address of a relay',
        command: ['/usr/bin/python3', '-u', relaysProgram, 'serve'],
        user: 'root',
        // Addresses, the kernel's sets, ARP; the priority of a process that must not be late; rtpengine's files and its end.
        capabilities: ['CAP_NET_ADMIN', 'CAP_NET_RAW', 'CAP_SYS_NICE', 'CAP_KILL', 'CAP_DAC_READ_SEARCH'],
        after: [fence.name, ...parts.map(({ calls }) => calls.service)],
        runDirectories: [runDirectory],
        // Its relay moves to the neighbour, with its calls.
        drain: { command: [relaysProgram, 'leave'], deadlineSeconds: 1800 },
        // Somebody has the host's own relay: this host, or the neighbour.
        ready: [relaysProgram, 'ready'],
        readyTimeoutSeconds: 30,
        health,
      }),
    ],
    ports: [
      leases,
      ...parts.map(({ calls }): ListeningPort => ({
        name: `${calls.service}-copy`,
        protocol: 'tcp',
        from: calls.copyPort,
        to: calls.copyPort,
        peers: [{ role: 'media' }],
        description: `Copy of the calls in ${calls.service}, TLS only`,
      })),
    ],
    values: [
      values.publicAddress,
      values.guestPublicAddress,
      values.relaySecret,
      values.relayCertificate,
      values.relayKey,
      values.dataCaCertificate,
    ],
  };
}

/** An SBC gives its word, and its Kamailio learns which relays take no new calls. */
export function takeOverOnSbc(cell: Cell, host: SbcHost): HostConfig {
  const moving = movingRelays(cell);
  if (moving.length === 0) return emptyHostConfig;
  const settings = {
    ...common(host),
    kamailio: sbcPaths.jsonRpc,
    controls: Object.fromEntries(
      cell.media.map(({ number, relayAddress }) => [number, `udp:${relayAddress}:${internalPorts.rtpengineControl}`]),
    ),
    homes: Object.fromEntries(moving.map(({ number, home }) => [number, home])),
    grants: Object.fromEntries(moving.map(({ number, home, other }) => [number, [home, other]])),
    relays: [],
  };
  return {
    ...emptyHostConfig,
    packages: ['python3'],
    files: [
      script(relaysProgram, programText),
      file(relaysConfig, `${JSON.stringify(settings, null, 2)}\n`, { mode: '0640', group: 'kamailio' }),
    ],
    services: [grantor],
    ports: [leases],
    values: [values.relaySecret],
  };
}

const common = (host: MediaHost | SbcHost) => ({
  name: host.name,
  secret: late(values.relaySecret.name),
  listen: [host.address, leasePort],
});

const runDirectory = '/run/cellstamp-relays';

const health: Command = [
  '/bin/bash',
  '-c',
  `[[ -n $(find ${runDirectory}/alive -newermt '4 seconds ago' 2>&1) ]] || { echo 'it gives no sign of life'; exit 1; }`,
];

const grantor: Service = service({
  name: 'cellstamp-relays',
  description: 'Gives its word on who holds the address of a relay',
  command: ['/usr/bin/python3', '-u', relaysProgram, 'serve'],
  user: 'kamailio',
  capabilities: ['CAP_SYS_NICE'],
  // It listens at once, and waits for nobody.
  ready: ['/bin/true'],
  readyTimeoutSeconds: 20,
  runDirectories: [runDirectory],
  health,
});

const leases: ListeningPort = {
  name: 'relay-leases',
  protocol: 'udp',
  from: leasePort,
  to: leasePort,
  peers: [{ role: 'sbc' }, { role: 'media' }],
  description: 'Who holds the address of a relay',
};
