import { type Socket } from 'node:dgram';
import { newTag } from '../../lib/user-agent/sip/identifiers.ts';
import { makeResponse } from '../../lib/user-agent/sip/responses.ts';
import { type SipMessage, type SipRequest, formatMessage, parseMessage } from '../../lib/user-agent/sip/message.ts';
import { bindUdp } from '../../lib/user-agent/sip/udp-transport.ts';
import { type UserAgentOptions, UserAgent } from '../../lib/user-agent/endpoint/user-agent.ts';
import { AudioStream } from '../../lib/user-agent/audio/stream.ts';
import { MediaPorts } from '../../lib/user-agent/audio/media-ports.ts';
import { RtpClock } from '../../lib/user-agent/audio/rtp-clock.ts';
import type { CodecName } from '../../lib/user-agent/sip/sdp.ts';

export const LOOPBACK = { address: '127.0.0.1', port: 0 };

/** Timers a twentieth of the usual, for tests that wait for repetitions. */
export const QUICK = { t1: 25, t2: 200, t4: 250 };

export function openAgent(options: Partial<UserAgentOptions> = {}): Promise<UserAgent> {
  return UserAgent.open({ identity: 'sip:alice@a.example', protocol: 'udp', local: LOOPBACK, ...options });
}

const clock = new RtpClock();
const ports = new MediaPorts('127.0.0.1', 30_000, 39_998);

/** Audio for a SIP test in which nobody listens: 400 Hz there, 440 Hz back. */
export function openAudio(codecs: CodecName[] = ['PCMA', 'PCMU'], side: 'caller' | 'callee' = 'caller') {
  const [sendTone, expectTone] = side === 'caller' ? [400, 440] : [440, 400];
  return AudioStream.open({ ports, clock, codecs, sendTone, expectTone });
}

/** The other end as a test plays it by hand: raw messages over UDP. */
export class Peer {
  readonly port: number;
  readonly tag = newTag();
  readonly #socket: Socket;
  readonly #received: SipMessage[] = [];
  readonly #waiting: ((message: SipMessage) => void)[] = [];
  #from = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.port = socket.address().port;
    socket.on('message', (bytes, { port }) => {
      this.#from = port;
      const message = parseMessage(bytes);
      const waiting = this.#waiting.shift();
      if (waiting === undefined) this.#received.push(message);
      else waiting(message);
    });
  }

  static async open(): Promise<Peer> {
    return new Peer(await bindUdp(LOOPBACK));
  }

  get uri(): string {
    return `sip:peer@127.0.0.1:${this.port}`;
  }

  /** Messages that came and nobody asked for yet. */
  get unread(): string[] {
    return this.#received.map((message) => (message.kind === 'request' ? message.method : String(message.status)));
  }

  /** The next message that is none of these; waits for it. */
  async next(...except: (string | number)[]): Promise<SipMessage> {
    for (;;) {
      const message =
        this.#received.shift() ?? (await new Promise<SipMessage>((resolve) => this.#waiting.push(resolve)));
      const name = message.kind === 'request' ? message.method : message.status;
      if (!except.includes(name)) return message;
    }
  }

  async nextRequest(...except: (string | number)[]): Promise<SipRequest> {
    const message = await this.next(...except);
    if (message.kind === 'request') return message;
    throw new Error(`expected a request, got ${message.status}`);
  }

  /** Sends to where the last message came from, or to a port. */
  send(message: SipMessage, port = this.#from): void {
    this.#socket.send(formatMessage(message), port, '127.0.0.1');
  }

  /** Answers as a callee would. */
  answer(request: SipRequest, status: number, more: { tag?: string; sdp?: string; routes?: string[] } = {}): void {
    const response = makeResponse(request, status, {
      toTag: more.tag ?? this.tag,
      contact: `<${this.uri}>`,
      ...(more.sdp === undefined ? {} : { sdp: more.sdp }),
    });
    for (const route of more.routes ?? []) response.headers.add('Record-Route', route);
    this.send(response);
  }

  close(): void {
    this.#socket.close();
  }
}

/** An answer of somebody who takes PCMA at a port. */
export const sdp = (port: number, ...more: string[]) =>
  [
    'v=0',
    'o=- 5 1 IN IP4 127.0.0.1',
    's=-',
    'c=IN IP4 127.0.0.1',
    't=0 0',
    `m=audio ${port} RTP/AVP 8`,
    ...more,
    '',
  ].join('\r\n');
