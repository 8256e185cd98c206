/** Ports: enough of them, none twice, none that is another's. */
import { counted } from '../../config-file/counted.ts';
import { internalPorts } from '../schema/fixed.ts';
import type { PortRange } from '../../config-file/fields.ts';
import type { Rule } from '../../config-file/rule.ts';
import type { CellSpec } from '../schema/cell-types.ts';

const relayPath = ['media', 'relay', 'ports'];
const freeswitchPath = ['media', 'freeswitch', 'ports'];

const text = ({ from, to }: PortRange) => `${from}-${to}`;

const rangesAreRanges: Rule<CellSpec> = {
  severity: 'error',
  reads: ['media.relay.ports', 'media.freeswitch.ports'],
  *check({ media }) {
    for (const [path, ports] of [
      [relayPath, media.relay.ports],
      [freeswitchPath, media.freeswitch.ports],
    ] as const) {
      if (ports.from > ports.to) {
        yield { path, message: `${text(ports)} goes backwards`, allowed: `${ports.to}-${ports.from}` };
      }
      if (Math.min(ports.from, ports.to) < 1024 || Math.max(ports.from, ports.to) > 65535) {
        yield { path, message: `${text(ports)} is out of range`, allowed: 'ports from 1024 to 65535' };
      }
    }
  },
};

/** rtpengine takes a port for RTP and one for RTCP on each of a call's two sides; with rtcp-mux just one a side. */
const relayPortsAreEnough: Rule<CellSpec> = {
  severity: 'error',
  reads: ['media.relay', 'media.rtcpMux'],
  *check({ media: { relay, rtcpMux } }) {
    const perCall = rtcpMux ? 2 : 4;
    const ports = relay.ports.to - relay.ports.from + 1;
    if (ports < 1 || ports >= relay.calls * perCall) return;
    const withMux = rtcpMux ? '' : `, or ${relay.calls * 2} with media.rtcpMux: true`;
    yield {
      path: relayPath,
      alsoAt: [['media', 'relay', 'calls']],
      message: `${ports} ports are too few for ${counted(relay.calls, 'call')}`,
      allowed: `at least ${relay.calls * perCall} (${perCall} a call)${withMux}`,
    };
  },
};

/** FreeSWITCH gives a leg an even port and the odd one after it; without a free pair it answers 488, not 503. */
const freeswitchPortsAreEnough: Rule<CellSpec> = {
  severity: 'error',
  reads: ['media.freeswitch'],
  *check({ media: { freeswitch } }) {
    const { from, to } = freeswitch.ports;
    const legs = Math.floor(to / 2) - Math.ceil(from / 2) + 1;
    if (from > to || legs >= freeswitch.sessions) return;
    yield {
      path: freeswitchPath,
      alsoAt: [['media', 'freeswitch', 'sessions']],
      message: `${text(freeswitch.ports)} has ports for ${counted(legs, 'session')}, too few for ${freeswitch.sessions}`,
      allowed: `at least ${2 * freeswitch.sessions} ports (2 a session), or at most ${counted(legs, 'session')}`,
    };
  },
};

const mediaRangesAreApart: Rule<CellSpec> = {
  severity: 'error',
  reads: ['media.relay.ports', 'media.freeswitch.ports'],
  *check({ media }) {
    const [relay, freeswitch] = [media.relay.ports, media.freeswitch.ports];
    if (relay.from > freeswitch.to || freeswitch.from > relay.to) return;
    yield {
      path: relayPath,
      alsoAt: [freeswitchPath],
      message: `${text(relay)} overlaps media.freeswitch.ports (${text(freeswitch)})`,
      allowed: 'two ranges without a common port',
    };
  },
};

const mediaRangesKeepOffControlPorts: Rule<CellSpec> = {
  severity: 'error',
  reads: ['media.relay.ports', 'media.freeswitch.ports'],
  *check({ media }) {
    const taken = [
      ['FreeSWITCH’s SIP', internalPorts.freeswitchSip],
      ['rtpengine’s control port', internalPorts.rtpengineControl],
    ] as const;
    for (const [path, { from, to }] of [
      [relayPath, media.relay.ports],
      [freeswitchPath, media.freeswitch.ports],
    ] as const) {
      for (const [what, port] of taken) {
        if (from > port || port > to) continue;
        yield { path, message: `${from}-${to} contains ${port}, ${what}`, allowed: `a range without ${port}` };
      }
    }
  },
};

const someTransportIsOn: Rule<CellSpec> = {
  severity: 'error',
  reads: ['sbc.transports'],
  *check({ sbc: { transports } }) {
    if (Object.values(transports).some((port) => port !== 'off')) return;
    yield {
      path: ['sbc', 'transports'],
      message: 'udp, tcp and tls are all off, so no call is possible',
      allowed: 'a port for at least one of them',
    };
  },
};

const tcpAndTlsAreApart: Rule<CellSpec> = {
  severity: 'error',
  reads: ['sbc.transports'],
  *check({ sbc: { transports } }) {
    if (transports.tcp === 'off' || transports.tcp !== transports.tls) return;
    yield {
      path: ['sbc', 'transports', 'tls'],
      alsoAt: [['sbc', 'transports', 'tcp']],
      message: `port ${transports.tls} is that of tcp too`,
      allowed: 'two ports, for example tcp: 5060 and tls: 5061, or one of them off',
    };
  },
};

/** What is opened to the world for SIP would open the SBC's own service on the same port to it. */
const transportsKeepOffInternalPorts: Rule<CellSpec> = {
  severity: 'error',
  reads: ['sbc.transports'],
  *check({ sbc: { transports } }) {
    const taken = [
      ['udp', internalPorts.sbcReplication, 'replication between the SBCs'],
      ['udp', internalPorts.sbcGuard, 'flood guard'],
      ['tcp', internalPorts.sbcMetrics, 'metrics'],
      ['tls', internalPorts.sbcMetrics, 'metrics'],
    ] as const;
    for (const [transport, port, what] of taken) {
      if (transports[transport] !== port) continue;
      yield {
        path: ['sbc', 'transports', transport],
        message: `${port} is the port of the SBC’s ${what}`,
        allowed: `any port but ${port}`,
      };
    }
  },
};

export const portRules: readonly Rule<CellSpec>[] = [
  rangesAreRanges,
  relayPortsAreEnough,
  freeswitchPortsAreEnough,
  mediaRangesAreApart,
  mediaRangesKeepOffControlPorts,
  someTransportIsOn,
  tcpAndTlsAreApart,
  transportsKeepOffInternalPorts,
];
