/** A call between two phones with SRTP by SDES, who send 50 packets a second each and open what they get. */
import { spawnOutside } from '../../../lib/targets/local/index.ts';
import type { Lab } from './lab.ts';
import {
  bodyOf,
  invite,
  mediaOf,
  respond,
  rtp,
  sdp,
  sdpContent,
  requestInDialog,
  type Content,
} from './raw-parties.ts';
import { Sockets, type Heard } from './sockets.ts';
import { cryptoLine, keyIn, newKey, Srtp } from './srtp.ts';

class Side {
  readonly sip: string;
  readonly media: string;
  readonly address: string;
  readonly #key = newKey();
  readonly #ssrc = Math.floor(Math.random() * 0xffffffff);
  #sequence = 1;
  #seals: Srtp;
  #opens: Srtp | undefined;
  #to: string | undefined;
  /** When packets came that its key opened, milliseconds since 1970. */
  readonly heard: number[] = [];
  /** Packets that it did not open. */
  strange = 0;

  constructor(address: string) {
    this.address = address;
    this.sip = `${address}:5060`;
    this.media = `${address}:4000`;
    this.#seals = new Srtp(this.#key);
  }

  description(): Content {
    const plain = sdp(this.address, 4000, cryptoLine(this.#key), 'a=rtpmap:8 PCMA/8000');
    return sdpContent(plain.replace('RTP/AVP', 'RTP/SAVP'));
  }

  /** What the relay wrote of the other side. */
  told(description: string): void {
    this.#to = mediaOf(description);
    this.#opens = new Srtp(keyIn(description));
  }

  send(sockets: Sockets): void {
    const packet = this.#seals.protect(Buffer.from(rtp(this.#sequence++, this.#ssrc), 'hex'));
    sockets.send({ from: this.media, to: this.#to!, hex: packet.toString('hex') });
  }

  hear(bytes: Buffer): void {
    if (this.#opens?.open(bytes) === undefined) this.strange++;
    else this.heard.push(Date.now());
  }
}

export class SecureCall {
  readonly caller: Side;
  readonly callee: Side;
  readonly #lab: Lab;
  readonly #sip: Heard[] = [];
  readonly #callId = `secure-${Date.now()}`;
  #sockets!: Sockets;
  #sending: NodeJS.Timeout | undefined;
  #sequence = 1;

  private constructor(lab: Lab, caller: string, callee: string) {
    this.#lab = lab;
    this.caller = new Side(caller);
    this.callee = new Side(callee);
  }

  /** Rings the callee, who answers; both talk. @param caller an address from which the tenant's calls come */
  static async start(lab: Lab, caller: string, callee: string): Promise<SecureCall> {
    const call = new SecureCall(lab, caller, callee);
    const sides = [call.caller, call.callee];
    call.#sockets = await Sockets.open(
      (argv, options) => spawnOutside(lab.spec.name, argv, options),
      sides.flatMap(({ sip, media }) => [sip, media]),
      (heard) => {
        const side = sides.find(({ media }) => media === heard.at);
        if (side === undefined) call.#sip.push(heard);
        else side.hear(heard.hex === undefined ? Buffer.from(heard.text) : Buffer.from(heard.hex, 'hex'));
      },
    );
    const location = ['location', 'desk@acme.example.com', `sip:desk@${call.callee.sip}`];
    await lab.kamcmd(lab.active!, 'ul.add', ...location, '3600', '1.0', '.', '0', '0', '0');
    const uri = 'sip:desk@acme.example.com';
    call.#say(
      call.caller,
      invite(call.caller.sip, uri, 'sip:100@acme.example.com', call.#callId, call.caller.description()),
    );
    await call.#offered();
    call.#sending = setInterval(() => sides.forEach((side) => side.send(call.#sockets)), 20);
    return call;
  }

  /** The caller renegotiates, and the callee answers. */
  async reinvite(): Promise<void> {
    const ok = await this.#message(this.caller, /^SIP\/2\.0 200/);
    this.#sequence++;
    this.#say(this.caller, requestInDialog(this.caller.sip, ok, 'INVITE', this.#sequence, this.caller.description()));
    await this.#offered();
  }

  /** @returns the status of the answer to the caller's BYE */
  async hangUp(): Promise<number> {
    clearInterval(this.#sending);
    const ok = await this.#message(this.caller, /^SIP\/2\.0 200/);
    this.#say(this.caller, requestInDialog(this.caller.sip, ok, 'BYE', 90));
    const bye = await this.#message(this.callee, /^BYE /);
    this.#say(this.callee, respond(bye, this.callee.sip, '200 OK'));
    const answer = await this.#message(this.caller, /^SIP\/2\.0 \d+[^]*CSeq: 90 BYE/);
    await this.#sockets.close();
    return Number(answer.split(' ')[1]);
  }

  async #offered(): Promise<void> {
    const sequence = new RegExp(`CSeq: ${this.#sequence} INVITE`);
    const offer = await this.#message(this.callee, new RegExp(`^INVITE [^]*${sequence.source}`));
    this.callee.told(bodyOf(offer));
    this.#say(this.callee, respond(offer, this.callee.sip, '200 OK', this.callee.description()));
    const ok = await this.#message(this.caller, new RegExp(`^SIP/2.0 200[^]*${sequence.source}`));
    this.caller.told(bodyOf(ok));
    this.#say(this.caller, requestInDialog(this.caller.sip, ok, 'ACK', this.#sequence));
  }

  #say(side: Side, text: string): void {
    this.#sockets.send({ from: side.sip, to: `${this.#lab.floating}:5060`, text });
  }

  async #message(side: Side, form: RegExp): Promise<string> {
    const find = () => this.#sip.find(({ at, text }) => at === side.sip && form.test(text))?.text;
    await this.#sockets.until(() => find() !== undefined, 5);
    return find()!;
  }
}

/** Longest time between two moments, of those since one. */
export function longestGap(moments: readonly number[], since: number): number {
  const after = [since, ...moments.filter((moment) => moment > since)];
  return Math.max(...after.slice(1).map((moment, index) => moment - after[index]!));
}
