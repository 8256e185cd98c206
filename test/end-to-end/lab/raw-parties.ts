/** Parties outside a cell that send what no user agent would, and see every byte of what they get. */
import { spawnOutside } from '../../../lib/targets/local/index.ts';
import { Sockets } from './sockets.ts';

export interface Datagram {
  /** The socket, `203.0.113.60:5060`. */
  readonly at: string;
  readonly from: string;
  readonly text: string;
}

/** A body as it goes over the wire, with the headers that say what it is. */
export interface Content {
  readonly headers: readonly string[];
  readonly body: string;
}

export const noContent: Content = { headers: [], body: '' };
export const typed = (type: string, body: string): Content => ({ headers: [`Content-Type: ${type}`], body });
export const sdpContent = (body: string) => typed('application/sdp', body);

/** A description of one PCMA stream; `lines` follow its m= line. */
export function sdp(address: string, port: number, ...lines: readonly string[]): string {
  const head = ['v=0', 'o=- 1 1 IN IP4 203.0.113.1', 's=-', `c=IN IP4 ${address}`, 't=0 0'];
  return [...head, `m=audio ${port} RTP/AVP 8`, ...lines, ''].join('\r\n');
}

/** Where the audio of a message's description goes: `203.0.113.9:30002`. */
export function mediaOf(text: string): string {
  const address = /^c=IN IP4 (\S+)/m.exec(text)?.[1];
  return `${address}:${/^m=audio (\d+)/m.exec(text)?.[1]}`;
}

/** An RTP packet of 20 ms of PCMA, as hexadecimal digits. */
export function rtp(sequence: number, ssrc: number): string {
  const header = Buffer.alloc(12);
  header.writeUInt16BE(0x8008, 0);
  header.writeUInt16BE(sequence & 0xffff, 2);
  header.writeUInt32BE((sequence * 160) >>> 0, 4);
  header.writeUInt32BE(ssrc, 8);
  return Buffer.concat([header, Buffer.alloc(160, 0xd5)]).toString('hex');
}

export class RawParties {
  readonly received: Datagram[] = [];
  #sockets!: Sockets;
  #number = 0;

  /** Opens sockets outside the cell. */
  static async open(cell: string, sockets: readonly string[]): Promise<RawParties> {
    const parties = new RawParties();
    parties.#sockets = await Sockets.open(
      (argv, options) => spawnOutside(cell, argv, options),
      sockets,
      (datagram) => parties.received.push(datagram),
    );
    return parties;
  }

  close(): Promise<void> {
    return this.#sockets.close();
  }

  send(from: string, to: string, text: string): void {
    this.#sockets.send({ from, to, text });
  }

  sendRtp(from: string, to: string, sequence: number, ssrc: number): void {
    this.#sockets.send({ from, to, hex: rtp(sequence, ssrc) });
  }

  newCallId(): string {
    return `raw-${++this.#number}`;
  }

  /** What came to a socket with a Call-ID, in its order. */
  of(at: string, callId: string): readonly string[] {
    return this.received
      .filter((datagram) => datagram.at === at && datagram.text.includes(`Call-ID: ${callId}\r\n`))
      .map(({ text }) => text);
  }

  /** The first message of a call at a socket that begins so. Patience: 3 s. */
  async message(at: string, callId: string, begins: string): Promise<string> {
    const find = () => this.of(at, callId).find((text) => text.startsWith(begins));
    await this.#sockets
      .until(() => find() !== undefined, 3)
      .catch(() => {
        const seen = this.of(at, callId).map((text) => text.split('\r\n')[0]);
        throw new Error(`${at} got no "${begins}" of ${callId}, but ${seen.join(' | ')}`);
      });
    return find()!;
  }
}

const headersOf = (text: string, names: RegExp) =>
  text
    .slice(0, text.indexOf('\r\n\r\n'))
    .split('\r\n')
    .filter((line) => names.test(line));

const value = (text: string, name: string) => new RegExp(`^${name}: (.*?)\r$`, 'm').exec(text)?.[1] ?? '';

export const bodyOf = (text: string) => text.slice(text.indexOf('\r\n\r\n') + 4);
export const statusOf = (text: string) => Number(/^SIP\/2\.0 (\d+)/.exec(text)?.[1]);

function finish(lines: readonly string[], { headers, body }: Content): string {
  const length = headers.some((header) => /^content-length:/i.test(header))
    ? []
    : [`Content-Length: ${Buffer.byteLength(body)}`];
  return [...lines, ...headers, ...length, '', body].join('\r\n');
}

export function invite(at: string, uri: string, from: string, callId: string, content: Content): string {
  return finish(
    [
      `INVITE ${uri} SIP/2.0`,
      `Via: SIP/2.0/UDP ${at};branch=z9hG4bK${callId}`,
      'Max-Forwards: 70',
      `From: <${from}>;tag=a${callId}`,
      `To: <${uri}>`,
      `Call-ID: ${callId}`,
      'CSeq: 1 INVITE',
      `Contact: <sip:raw@${at}>`,
    ],
    content,
  );
}

/** A response to a request as it was received. */
export function respond(request: string, at: string, status: string, content: Content = noContent): string {
  const kept = headersOf(request, /^(Via|From|To|Call-ID|CSeq|Record-Route):/i);
  const tagged = kept.map((line) =>
    /^To:/i.test(line) && !line.includes('tag=') ? `${line};tag=b${value(request, 'Call-ID')}` : line,
  );
  return finish([`SIP/2.0 ${status}`, ...tagged, `Contact: <sip:raw@${at}>`], content);
}

/** A request within the call that the caller's INVITE and its 200 have made. */
export function requestInDialog(
  at: string,
  ok: string,
  method: string,
  sequence: number,
  content: Content = noContent,
): string {
  const routes = headersOf(ok, /^Record-Route:/i).reverse();
  const callId = value(ok, 'Call-ID');
  return finish(
    [
      `${method} ${/<(.*?)>/.exec(value(ok, 'Contact'))![1]} SIP/2.0`,
      `Via: SIP/2.0/UDP ${at};branch=z9hG4bK${callId}${method}${sequence}`,
      ...routes.map((route) => route.replace(/^Record-Route/i, 'Route')),
      'Max-Forwards: 70',
      `From: ${value(ok, 'From')}`,
      `To: ${value(ok, 'To')}`,
      `Call-ID: ${callId}`,
      `CSeq: ${sequence} ${method}`,
      `Contact: <sip:raw@${at}>`,
    ],
    content,
  );
}
