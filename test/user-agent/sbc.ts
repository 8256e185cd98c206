import type { Socket } from 'node:dgram';
import { formatVia, parseNameAddr, parseVia, tagOf } from '../../lib/user-agent/sip/headers.ts';
import {
  SipHeaders,
  type SipMessage,
  type SipRequest,
  formatMessage,
  parseMessage,
} from '../../lib/user-agent/sip/message.ts';
import { parseUri } from '../../lib/user-agent/sip/uri.ts';
import { bindUdp } from '../../lib/user-agent/sip/udp-transport.ts';
import { LOOPBACK } from './peer.ts';

/** What is broken about an SBC; nothing, when nothing is named. */
export interface Faults {
  /** Every so many-th RTP packet of a direction is dropped. */
  readonly dropEvery?: number;
  /** No RTP reaches this side. */
  readonly mute?: 'caller' | 'callee';
  /** Requests of these methods are dropped. */
  readonly dropMethods?: readonly string[];
  /** Audio to the callee of a call goes to the callee of the call before. */
  readonly crossTalk?: boolean;
  /** The mark that tells the callee which call this is is taken away. */
  readonly stripMark?: boolean;
  /** The callee sees another Call-ID. */
  readonly hideCallId?: boolean;
}

interface Relay {
  readonly towardsCaller: Socket;
  readonly towardsCallee: Socket;
  callerMedia?: number;
  calleeMedia?: number;
}

/** A stateless, record-routing proxy that anchors the media: what a cell does to a call, small enough to be broken. */
export async function openSbc(calleePort: () => number, faults: Faults = {}) {
  const socket = await bindUdp(LOOPBACK);
  const port = socket.address().port;
  const relays = new Map<string, Relay>();

  const relayOf = async (callId: string): Promise<Relay> => {
    const existing = relays.get(callId);
    if (existing !== undefined) return existing;
    const relay: Relay = { towardsCaller: await bindUdp(LOOPBACK), towardsCallee: await bindUdp(LOOPBACK) };
    relays.set(callId, relay);
    const before = [...relays.values()].at(-2);
    const pump = (from: Socket, to: Socket, target: () => number | undefined, muted: boolean) => {
      let count = 0;
      from.on('message', (bytes) => {
        count++;
        const dropped = muted || (faults.dropEvery !== undefined && count % faults.dropEvery === 0);
        const targetPort = target();
        if (!dropped && targetPort !== undefined) to.send(bytes, targetPort, '127.0.0.1');
      });
    };
    const calleeMedia = () => (faults.crossTalk && before !== undefined ? before.calleeMedia : relay.calleeMedia);
    pump(relay.towardsCaller, relay.towardsCallee, calleeMedia, faults.mute === 'callee');
    pump(relay.towardsCallee, relay.towardsCaller, () => relay.callerMedia, faults.mute === 'caller');
    return relay;
  };

  const translateCallId = (headers: SipHeaders, sourcePort: number) => {
    if (!faults.hideCallId) return;
    const callId = headers.require('Call-ID');
    headers.set('Call-ID', sourcePort === calleePort() ? callId.replace('hidden-', '') : `hidden-${callId}`);
  };

  const anchor = async (message: SipMessage, fromCallee: boolean): Promise<string> => {
    const media = /m=audio (\d+)/.exec(message.body)?.[1];
    if (media === undefined) return message.body;
    const relay = await relayOf(message.headers.require('Call-ID').replace('hidden-', ''));
    if (fromCallee) relay.calleeMedia = Number(media);
    else relay.callerMedia = Number(media);
    const own = (fromCallee ? relay.towardsCaller : relay.towardsCallee).address().port;
    return message.body.replace(/m=audio \d+/, `m=audio ${own}`);
  };

  const forwardRequest = async (request: SipRequest, sourcePort: number) => {
    if (faults.dropMethods?.includes(request.method)) return;
    const routes = request.headers.all('Route').filter((route) => !route.includes(`:${port};lr`));
    const via = parseVia(request.headers.require('Via'));
    const headers = new SipHeaders([...request.headers].filter(([name]) => name !== 'Route'));
    headers.set('Via', formatVia({ ...via, parameters: new Map(via.parameters).set('rport', String(sourcePort)) }));
    headers.addFirst('Via', `SIP/2.0/UDP 127.0.0.1:${port};branch=${via.parameters.get('branch')}sbc`);
    for (const route of routes) headers.add('Route', route);
    if (faults.stripMark) headers.remove('X-Cellstamp-Call');
    let target = parseUri(routes[0] === undefined ? request.uri : parseNameAddr(routes[0]).uri).port ?? 5060;
    if (request.method === 'INVITE') headers.add('Record-Route', `<sip:127.0.0.1:${port};lr>`);
    if (tagOf(request.headers.require('To')) === undefined) target = calleePort();
    translateCallId(headers, sourcePort);
    const body = await anchor({ ...request, headers }, sourcePort === calleePort());
    socket.send(formatMessage({ ...request, headers, body }), target, '127.0.0.1');
  };

  const forwardResponse = async (message: SipMessage, sourcePort: number) => {
    const headers = new SipHeaders([...message.headers].filter(([name]) => name !== 'Via'));
    const rest = message.headers.all('Via').slice(1);
    for (const via of rest.reverse()) headers.addFirst('Via', via);
    const target = Number(parseVia(headers.require('Via')).parameters.get('rport'));
    translateCallId(headers, sourcePort);
    const body = await anchor({ ...message, headers }, sourcePort === calleePort());
    socket.send(formatMessage({ ...message, headers, body }), target, '127.0.0.1');
  };

  socket.on('message', (bytes, { port: sourcePort }) => {
    const message = parseMessage(bytes);
    void (message.kind === 'request' ? forwardRequest(message, sourcePort) : forwardResponse(message, sourcePort));
  });

  return {
    address: { address: '127.0.0.1', port },
    close: () => {
      socket.close();
      for (const { towardsCaller, towardsCallee } of relays.values()) {
        towardsCaller.close();
        towardsCallee.close();
      }
    },
  };
}
