/**
 * rtpengine on a media host: relays RTP between the outside and the cell's FreeSWITCH, or between two outsides. It decides
 * nothing; the SBCs tell it over the ng protocol.
 */
import type { Cell, MediaHost } from '../../fleet/derive/cell.ts';
import { internalPorts } from '../../fleet/schema/fixed.ts';
import { file, script, service, type HostConfig, type Service } from '../host-config.ts';
import { relayFenceService, relaysProgram } from '../take-over/paths.ts';
import { values } from '../values.ts';
import { rtpengineConfig } from './config.ts';
import { drainScript, drainScriptPath } from './drain.ts';
import { kernelModule, kernelScript, kernelScriptPath } from './kernel.ts';
import { networkScript, networkScriptPath } from './network.ts';
import { mediaGuard, mediaGuardPath, mediaGuardService } from './media-guard.ts';
import { guestRelay, ownRelay, relayParts, type RelayPart } from './part.ts';
import { answersScript, answersScriptPath, pingCommand, pingScript, pingScriptPath } from './ping.ts';

/** @example rtpengine(cell, cell.media[0]).ports[0].name // 'rtp' */
export function rtpengine(cell: Cell, host: MediaHost): HostConfig {
  const { kernelForwarding, relay, freeswitch } = cell.spec.media;
  const inKernel = kernelForwarding !== 'off';
  const parts = relayParts(cell, host);
  const guest = guestRelay(cell, host);
  return {
    packages: [
      'ethtool',
      'iproute2',
      'nftables',
      'rtpengine-daemon',
      // A target adds the headers of the kernel that its hosts run: without them the module's package only adds its source.
      ...(inKernel ? ['dkms', 'iptables', 'rtpengine-iptables', 'rtpengine-kernel-dkms'] : []),
    ],
    files: [
      ...parts.map((part) =>
        file(part.configPath, rtpengineConfig(cell, host, part), { mode: '0640', group: 'rtpengine' }),
      ),
      file(mediaGuardPath, mediaGuard(cell)),
      script(pingScriptPath, pingScript(ownRelay(cell, host))),
      script(drainScriptPath, drainScript),
      ...(guest === undefined ? [] : [script(answersScriptPath, answersScript)]),
      script(networkScriptPath, networkScript(host)),
      ...(inKernel ? [script(kernelScriptPath, kernelScript(kernelForwarding))] : []),
    ],
    services: [mediaNetwork, mediaGuardService, ...parts.map((part) => daemon(cell, part))],
    sysctl: {
      // 100 packets a second and direction of a call: 2,500 calls are 500,000 packets a second in and out, of which 250,000
      // come in; this queue of one CPU then holds 65 ms of all of them. The default of 1,000 holds 4 ms.
      'net.core.netdev_max_backlog': '16384',
      // One socket takes the control messages of both SBCs: a burst of 400 offers of 2.5 kB must fit.
      'net.core.rmem_default': '1048576',
      'net.core.rmem_max': '4194304',
      // No outgoing connection may take a port on which a call will be.
      'net.ipv4.ip_local_reserved_ports': [freeswitch.ports, relay.ports]
        .map(({ from, to }) => `${from}-${to}`)
        .join(','),
      // A relay's sockets are open on both of its hosts, and its address is on one.
      ...(guest === undefined ? {} : { 'net.ipv4.ip_nonlocal_bind': '1' }),
    },
    kernelModules: inKernel ? [{ name: kernelModule, need: kernelForwarding }] : [],
    ports: [
      {
        name: 'rtp',
        protocol: 'udp',
        from: relay.ports.from,
        to: relay.ports.to,
        peers: [{ internet: true }],
        description: 'RTP and RTCP relayed by rtpengine',
      },
      {
        name: 'rtpengine-control',
        protocol: 'udp',
        from: internalPorts.rtpengineControl,
        to: internalPorts.rtpengineControl,
        peers: [{ role: 'sbc' }],
        description: 'Control of rtpengine (ng)',
      },
      {
        name: 'rtpengine-metrics',
        protocol: 'tcp',
        from: internalPorts.rtpengineMetrics,
        to: internalPorts.rtpengineMetrics,
        peers: [{ role: 'sbc' }],
        description: 'Metrics of rtpengine (Prometheus)',
      },
      ...(guest === undefined
        ? []
        : [
            {
              name: 'rtpengine-guest-metrics',
              protocol: 'tcp' as const,
              from: internalPorts.guestMetrics,
              to: internalPorts.guestMetrics,
              peers: [{ role: 'sbc' as const }],
              description: 'Metrics of rtpengine for the relay of another host (Prometheus)',
            },
          ]),
    ],
    values: [
      values.publicAddress,
      ...(guest === undefined ? [] : [values.guestPublicAddress]),
      ...(parts.some(({ calls }) => calls) ? [values.relaySecret] : []),
    ],
  };
}

const mediaNetwork = service({
  name: 'media-network',
  description: 'Spreads the receiving of RTP over the CPUs',
  command: [networkScriptPath],
  kind: 'oneshot',
  user: 'root',
  ready: ['/bin/true'],
  readyTimeoutSeconds: 20,
});

function daemon(cell: Cell, part: RelayPart): Service {
  const { kernelForwarding, relay } = cell.spec.media;
  const { calls, kernelTable } = part;
  const table = kernelTable === 0 ? [] : [String(kernelTable)];
  return service({
    name: part.service,
    description: part.service === 'rtpengine' ? 'Media relay' : 'Media relay of another host, should that be lost',
    command: [
      '/usr/bin/rtpengine',
      '--foreground',
      '--log-stderr',
      '--no-log-timestamps',
      '--config-file',
      part.configPath,
    ],
    user: 'rtpengine',
    // The kernel module checks it when the daemon takes its table.
    capabilities: kernelForwarding === 'off' ? [] : ['CAP_NET_ADMIN'],
    before: [
      ...(kernelForwarding === 'off' ? [] : [[kernelScriptPath, ...table] as const]),
      // The calls of the other host must be here when it reads them.
      ...(calls === undefined
        ? []
        : [[relaysProgram, 'await', part.service === 'rtpengine' ? 'own' : 'guest'] as const]),
    ],
    after: [
      mediaNetwork.name,
      mediaGuardService.name,
      ...(calls === undefined ? [] : [relayFenceService, calls.service]),
    ],
    runDirectories: ['/run/rtpengine'],
    stateDirectories: ['/var/spool/rtpengine'],
    // 4 sockets a call (RTP and RTCP of both sides), and room for control, metrics and threads.
    openFiles: relay.calls * 4 + 4096,
    ready: calls === undefined ? pingCommand : [answersScriptPath, String(part.cliPort)],
    // Long enough to build the kernel module at the first start.
    readyTimeoutSeconds: kernelForwarding === 'off' ? 10 : 180,
    ...(calls === undefined
      ? { drain: { command: [drainScriptPath], deadlineSeconds: 1800 } }
      : // To read the calls of the other host.
        { endedByOthers: true }),
    stopTimeoutSeconds: 10,
  });
}
