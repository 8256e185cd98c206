/**
 * Dialogs of phones, exchanges and carriers in which one message is not what it should be. Many run side by side; each is named by a
 * seed and a number, from which all chance in it comes. Every party answers whatever it gets, in a dialog or not, as a phone does.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Chance, mutate, type Message, type Whereabouts } from './mutations.ts';
import { signed } from './raw-phones.ts';
import { Sockets, type Heard, type SpawnThere } from './sockets.ts';

/** A user with a phone, and its address with its port. */
export interface Phone {
  readonly name: string;
  readonly domain: string;
  readonly at: string;
}

/** Who takes part in dialogs that run one after the other. */
export interface Station {
  readonly caller: Phone;
  /** Registered while all goes on. */
  readonly callee: Phone;
  /** Registers and does nothing else. */
  readonly registering: Phone;
  /** A tenant's exchange: its address, the domain of its tenant. */
  readonly exchange: string;
  /** The carrier that is called, and from where it calls. */
  readonly carrier: string;
  /** A number that leads to `answering`. */
  readonly number: string;
  readonly answering: Phone;
}

export interface Bed {
  /** Where all SIP is sent that has no Route, with the port. */
  readonly server: string;
  readonly stations: readonly Station[];
  readonly whereabouts: Whereabouts;
  /** A phone of another tenant, registered and called by nobody. */
  readonly bystander: Phone;
  /** From where somebody asks all the time whether the server is there. */
  readonly pinger: string;
  /** Starts a program among the parties. */
  readonly spawn: SpawnThere;
}

/** What was sent in a dialog: to be printed, and played again. */
export interface Played {
  readonly name: string;
  readonly kind: string;
  /** What was changed, and in which message; nothing where the dialog did not come to that message. */
  readonly mutation: string | undefined;
  readonly begun: number;
  ended: number;
  /** Call-IDs as each side knows them. */
  readonly callIds: Set<string>;
  /** The last final status that the caller got to a request. */
  readonly answers: string[];
  readonly messages: string[];
}

const kinds = [
  'registration',
  'call',
  'call',
  'call',
  'call from a carrier',
  'call to a carrier',
  'call of an exchange',
  'cancelled call',
  'refused call',
] as const;
type Kind = (typeof kinds)[number];

/** Messages of each kind of dialog that may be changed. */
const places = {
  registration: ['REGISTER', 'signed REGISTER', 'signed REGISTER'],
  'cancelled call': ['signed INVITE', '180', 'CANCEL', 'CANCEL', '200 CANCEL', '487', 'ACK of a refusal'],
  'refused call': ['signed INVITE', '180', 'refusal', 'refusal', 'ACK of a refusal'],
  call: [
    'INVITE',
    'signed INVITE',
    'signed INVITE',
    '180',
    '200',
    '200',
    'ACK',
    'in dialog',
    'in dialog',
    'in dialog',
    'answer in dialog',
    'answer in dialog',
    'ACK in dialog',
    'BYE',
    '200 BYE',
  ],
} as const;

const within = ['re-INVITE', 'hold', 'UPDATE', 'OPTIONS', 'INFO', 'REFER', 'NOTIFY', 'PRACK', 'MESSAGE'] as const;

const header = (text: string, name: string) =>
  new RegExp(`^${name}[ \t]*:[ \t]*(.*?)\r?$`, 'im').exec(text.split('\r\n\r\n')[0]!)?.[1] ?? '';
const headersOf = (text: string, name: string) =>
  [...text.split('\r\n\r\n')[0]!.matchAll(new RegExp(`^${name}[ \t]*:[ \t]*(.*?)\r?$`, 'gim'))].map(
    ([, value]) => value!,
  );
const statusOf = (text: string) => Number(/^SIP\/2\.0 (\d{3})/.exec(text)?.[1] ?? 0);
const methodOf = (text: string) => header(text, 'CSeq').split(' ')[1] ?? '';
const hasToTag = (text: string) => /;tag=/i.test(header(text, 'To'));
const branchOf = (text: string) => /branch=([^;,\s]+)/.exec(header(text, 'Via'))?.[1] ?? '';
const uriOf = (value: string) => /<([^>]*)>/.exec(value)?.[1] ?? value.split(';')[0]!;
/** Address and port of a URI. */
const placeOf = (uri: string) => {
  const [, address, port] = /^sips?:(?:[^@]*@)?([\d.]+)(?::(\d+))?/.exec(uri) ?? [];
  return address === undefined ? undefined : `${address}:${port ?? '5060'}`;
};
const mediaOf = (text: string) => {
  const address = /^c=IN IP4 ([\d.]+)/m.exec(text)?.[1];
  const port = Number(/^m=audio (\d+)/m.exec(text)?.[1] ?? 0);
  return address === undefined || port === 0 || port > 65535 || address === '0.0.0.0'
    ? undefined
    : `${address}:${port}`;
};
const audioPort = 4000;
const mediaSocket = (at: string) => `${at.split(':')[0]}:${audioPort}`;

const description = (at: string, ...attributes: readonly string[]) =>
  [
    'v=0',
    `o=- 1 1 IN IP4 ${at.split(':')[0]}`,
    's=-',
    `c=IN IP4 ${at.split(':')[0]}`,
    't=0 0',
    `m=audio ${audioPort} RTP/AVP 8`,
    ...attributes,
    '',
  ].join('\r\n');

function finished(head: readonly string[], body: string): string {
  return [
    ...head,
    ...(body === '' ? [] : ['Content-Type: application/sdp']),
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n');
}

/** An audio packet that says that it is ours. */
const packet = (() => {
  const head = Buffer.from([0x80, 8, 0, 1, 0, 0, 0, 160, 0x6d, 0x75, 0x74, 0x61]);
  return Buffer.concat([head, Buffer.alloc(160, 0xd5)]).toString('hex');
})();

const latin1 = (text: string) => Buffer.from(text, 'latin1').toString('hex');

export class MutatedDialogs {
  readonly played: Played[] = [];
  /** Requests that came to somebody who is no party: a phone of another tenant. */
  readonly strayed: { readonly at: string; readonly text: string }[] = [];
  readonly #bed: Bed;
  #sockets!: Sockets;
  readonly #byCallId = new Map<string, Dialog>();
  readonly #running = new Map<string, Dialog>();
  readonly #answered = new Map<string, string>();
  readonly #waiting = new Set<() => void>();
  #seen: string[] = [];
  #pings: { sent: number; answered?: number }[] = [];

  private constructor(bed: Bed) {
    this.#bed = bed;
  }

  /** Opens the sockets of all parties, and registers those that are called. */
  static async open(bed: Bed): Promise<MutatedDialogs> {
    const dialogs = new MutatedDialogs(bed);
    const { strangers } = bed.whereabouts;
    const sip = bed.stations.flatMap(({ caller, callee, registering, exchange, carrier, answering }) => [
      ...[caller, callee, registering, answering].map(({ at }) => at),
      exchange,
      carrier,
    ]);
    const all = [...sip, ...sip.map(mediaSocket), ...strangers, bed.bystander.at, bed.pinger];
    dialogs.#sockets = await Sockets.open(bed.spawn, all, (heard) => dialogs.#receive(heard));
    const called = new Map(
      [bed.bystander, ...bed.stations.flatMap(({ callee, answering }) => [callee, answering])].map((phone) => [
        phone.at,
        phone,
      ]),
    );
    await Promise.all([...called.values()].map((phone, index) => dialogs.register(phone, `open-${index}`)));
    return dialogs;
  }

  close(): Promise<void> {
    return this.#sockets.close();
  }

  /** Registers a phone for an hour. @throws Error if it may not */
  async register(phone: Phone, callId: string): Promise<void> {
    const dialog = new Dialog(this, {
      name: callId,
      kind: 'registration',
      chance: new Chance(0, 0),
      station: { ...this.#bed.stations[0]!, registering: phone },
    });
    this.track(callId, dialog);
    dialog.changeNothing();
    const status = await dialog.register(3600);
    if (status !== 200) throw new Error(`${phone.name} is not registered: ${status}`);
  }

  /** Whatever came of their registrations: the phones that only register take all of them back. */
  async forgetRegistrations(): Promise<void> {
    await sleep(1500);
    await Promise.all(
      this.#bed.stations.map(async (station, index) => {
        const name = `forget-${this.played.length}-${index}`;
        const dialog = new Dialog(this, { name, kind: 'registration', chance: new Chance(0, 0), station });
        this.track(name, dialog);
        dialog.changeNothing();
        await dialog.register(0, '*');
      }),
    );
  }

  /** Plays dialogs of a seed: these numbers of them, on all stations at the same time. */
  async play(seed: number, numbers: readonly number[]): Promise<void> {
    const { stations } = this.#bed;
    await Promise.all(
      stations.map(async (station, place) => {
        for (const number of numbers.filter((each) => each % stations.length === place)) {
          const chance = new Chance(seed, number);
          const dialog = new Dialog(this, { name: `${seed}-${number}`, kind: chance.one(kinds), chance, station });
          this.#running.set(station.callee.at, dialog);
          this.played.push(dialog.played);
          await dialog.play(number);
          dialog.played.ended = Date.now();
          this.#remember(dialog);
        }
      }),
    );
  }

  /** Asks until `ended` whether somebody is there, by OPTIONS. @returns milliseconds until each answer; infinite for none */
  async ping(ended: Promise<unknown>): Promise<readonly number[]> {
    const from = this.#bed.pinger;
    this.#pings = [];
    let over = false;
    void ended.finally(() => (over = true));
    for (let n = 0; !over; n++) {
      this.#pings.push({ sent: performance.now() });
      const via = `Via: SIP/2.0/UDP ${from};branch=z9hG4bKping${n};rport`;
      const uri = `sip:${this.#bed.server}`;
      this.post({
        from,
        to: this.#bed.server,
        text: [
          `OPTIONS ${uri} SIP/2.0`,
          via,
          'Max-Forwards: 70',
          `From: <sip:ping@${from}>;tag=p`,
          `To: <${uri}>`,
          `Call-ID: ping-${n}`,
          `CSeq: ${n + 1} OPTIONS`,
          'Content-Length: 0',
          '\r\n',
        ].join('\r\n'),
      });
      await sleep(100);
    }
    await sleep(2000);
    return this.#pings.map(({ sent, answered }) => (answered ?? Infinity) - sent);
  }

  get bed(): Bed {
    return this.#bed;
  }

  /** Messages of other dialogs. */
  get seen(): readonly string[] {
    return this.#seen;
  }

  note(text: string): void {
    this.#seen = [...this.#seen.slice(-39), text];
  }

  track(callId: string, dialog: Dialog): void {
    if (callId === '') return;
    dialog.played.callIds.add(callId);
    this.#byCallId.set(callId, dialog);
  }

  post({ from, to, text, later = 0 }: Message): void {
    const [address, port] = to.split(':') as [string, string];
    if (address === undefined || !(Number(port) > 0 && Number(port) < 65536)) return;
    const send = () => this.#sockets.send({ from, to, hex: latin1(text) });
    if (later === 0) send();
    else setTimeout(send, later);
  }

  postAudio(from: string, to: string): void {
    this.#sockets.send({ from: mediaSocket(from), to, hex: packet });
  }

  /** Waits until something of use has come, milliseconds at most. */
  async wait(condition: () => boolean, patience: number): Promise<boolean> {
    const deadline = performance.now() + patience;
    while (!condition()) {
      const left = deadline - performance.now();
      if (left <= 0) return false;
      await new Promise<void>((resolve) => {
        const done = () => {
          clearTimeout(timer);
          this.#waiting.delete(done);
          resolve();
        };
        const timer = setTimeout(done, left);
        this.#waiting.add(done);
      });
    }
    return true;
  }

  /** The dialogs are over for those who play it; what still comes is answered for a while. */
  #remember(dialog: Dialog): void {
    setTimeout(() => {
      for (const callId of dialog.played.callIds)
        if (this.#byCallId.get(callId) === dialog) this.#byCallId.delete(callId);
    }, 60_000).unref();
  }

  #receive({ at, from, text: said, hex }: Heard): void {
    const text = Buffer.from(hex ?? said, hex === undefined ? 'utf8' : 'hex').toString('latin1');
    if (at.endsWith(`:${audioPort}`) || text.trim() === '') return;
    const callId = header(text, 'Call-ID');
    if (callId.startsWith('ping-')) {
      const ping = this.#pings[Number(callId.slice(5))];
      if (ping !== undefined) ping.answered ??= performance.now();
      return;
    }
    if (
      at === this.#bed.bystander.at &&
      !callId.startsWith('open-') &&
      !/^OPTIONS [^]*^From: <?sip:keepalive@/m.test(text)
    )
      this.strayed.push({ at, text });
    const status = statusOf(text);
    const dialog = this.#byCallId.get(callId) ?? (status === 0 ? this.#dialogOf(at, text) : undefined);
    if (status !== 0) dialog?.answered(at, from, text);
    else if (dialog === undefined) this.#answerStray(at, from, text);
    else {
      this.track(callId, dialog);
      dialog.asked(at, from, text);
    }
    for (const wake of [...this.#waiting]) wake();
  }

  /** Whose new request it is: its call is known by the number that only it dials, or is called from, or by who is called. */
  #dialogOf(at: string, text: string): Dialog | undefined {
    if (hasToTag(text) || methodOf(text) === 'OPTIONS') return undefined;
    const number = /\+(?:4989|4420)(\d{7})/.exec(text)?.[1];
    if (number !== undefined) return [...this.#running.values()].find((dialog) => dialog.number === Number(number));
    return this.#running.get(at);
  }

  /** Nothing that anybody here has begun, or something that is over. */
  #answerStray(at: string, from: string, text: string): void {
    if (text.startsWith('ACK ')) return;
    const answer =
      this.#answered.get(branchOf(text)) ?? response(text, at, text.startsWith('INVITE ') ? '480 Not Here' : '200 OK');
    this.post({ from: at, to: from, text: answer });
  }

  /** What a party has answered, for a repetition. */
  remembered(branch: string): string | undefined {
    return this.#answered.get(branch);
  }

  remember(branch: string, answer: string): void {
    this.#answered.set(branch, answer);
    if (this.#answered.size > 5000)
      for (const old of [...this.#answered.keys()].slice(0, 1000)) this.#answered.delete(old);
  }
}

function response(
  request: string,
  at: string,
  status: string,
  body = '',
  tag = `of-${at.replaceAll(/[.:]/g, '-')}`,
): string {
  const kept = request
    .split('\r\n\r\n')[0]!
    .split('\r\n')
    .filter((line) => /^(Via|Record-Route|From|Call-ID|CSeq)[ \t]*:/i.test(line));
  const to = header(request, 'To');
  return finished(
    [`SIP/2.0 ${status}`, ...kept, `To: ${to}${/;tag=/i.test(to) ? '' : `;tag=${tag}`}`, `Contact: <sip:party@${at}>`],
    body,
  );
}

interface Beginning {
  readonly name: string;
  readonly kind: Kind;
  readonly chance: Chance;
  readonly station: Station;
}

/** One side of a dialog as it knows it. */
interface Side {
  readonly at: string;
  /** Where its requests go that have no Route. */
  readonly target: string;
  readonly routes: readonly string[];
  readonly from: string;
  readonly to: string;
  readonly callId: string;
}

/** How long a party waits for what should come at once. A cell that is busy answers within it; what a mutation has stopped never comes. */
const patience = 600;

class Dialog {
  readonly played: Played;
  number = -1;
  readonly #all: MutatedDialogs;
  readonly #begin: Beginning;
  readonly #place: string;
  readonly #received: { readonly at: string; readonly from: string; readonly text: string; taken: boolean }[] = [];
  #mutated = false;
  #swapped: Message | undefined;
  #cseq = 0;
  #tag: string;
  /** INVITEs that the callee has got, each until it has said something final as it should. */
  readonly #invites = new Map<
    string,
    { readonly at: string; readonly from: string; readonly text: string; final: boolean }
  >();
  /** How it answers a new INVITE. */
  #answers: 'answer' | 'ring' | 'refuse' = 'answer';

  constructor(all: MutatedDialogs, begin: Beginning) {
    this.#all = all;
    this.#begin = begin;
    this.#tag = `t${begin.name}`;
    const of = begin.kind in places ? (begin.kind as keyof typeof places) : 'call';
    const place = begin.chance.one(places[of]);
    // Whoever is known by its address is not asked for credentials.
    const known = begin.kind === 'call from a carrier' || begin.kind === 'call of an exchange';
    this.#place = known && place === 'INVITE' ? 'signed INVITE' : place;
    this.played = {
      name: begin.name,
      kind: begin.kind,
      mutation: undefined,
      begun: Date.now(),
      ended: 0,
      callIds: new Set(),
      answers: [],
      messages: [],
    };
  }

  /** From here on all messages are what they should be. */
  changeNothing(): void {
    this.#mutated = true;
  }

  async play(number: number): Promise<void> {
    this.number = number;
    this.#all.track(this.#begin.name, this);
    if (this.#begin.kind === 'registration') {
      await this.register(this.#begin.chance.one([60, 600, 3600]));
      this.changeNothing();
      await this.register(0, '*');
    } else {
      await this.#call();
    }
    if (this.#swapped !== undefined) this.#post(this.#swapped);
    await this.#refuseWhatRings();
  }

  /** A message comes to where it may be changed, and leaves. */
  #emit(place: string, message: Message, trusted = false): void {
    const { chance } = this.#begin;
    const own = place === this.#place || (this.#place === 'in dialog' && (within as readonly string[]).includes(place));
    if (this.#mutated || !own) {
      this.#post(message);
      if (this.#swapped !== undefined) this.#post(this.#swapped);
      this.#swapped = undefined;
      return;
    }
    this.#mutated = true;
    const seen = [...this.#all.seen, ...this.played.messages.map((text) => text.slice(text.indexOf('\n') + 1))].filter(
      (text) => text !== '',
    );
    const { what, messages, swapped } = mutate(message, {
      chance,
      whereabouts: this.#all.bed.whereabouts,
      trusted,
      seen,
    });
    (this.played as { mutation: string }).mutation = `${place}: ${what}`;
    for (const each of messages) this.#post(each);
    this.#swapped = swapped;
  }

  #post(message: Message): void {
    this.played.messages.push(
      `${message.from} -> ${message.to}${message.later === undefined ? '' : ` after ${message.later} ms`}\n${message.text}`,
    );
    this.#all.note(message.text);
    this.#all.post(message);
  }

  /** Takes the first message that came to a place and is like this; undefined if none comes. */
  async #got(at: string, like: (text: string) => boolean, within = patience): Promise<string | undefined> {
    const find = () => this.#received.find((each) => !each.taken && each.at === at && like(each.text));
    await this.#all.wait(() => find() !== undefined, within);
    const found = find();
    if (found !== undefined) found.taken = true;
    return found?.text;
  }

  /** An answer came. */
  answered(at: string, from: string, text: string): void {
    this.#received.push({ at, from, text, taken: false });
    if (statusOf(text) >= 200) this.played.answers.push(`${statusOf(text)} ${header(text, 'CSeq')}`);
  }

  /** A request came: whoever it is answers, as it must. */
  asked(at: string, from: string, text: string): void {
    this.#received.push({ at, from, text, taken: false });
    const method = text.slice(0, text.indexOf(' '));
    if (method === 'ACK') return;
    const before = this.#all.remembered(branchOf(text));
    if (before !== undefined && method !== 'CANCEL') {
      this.#all.post({ from: at, to: from, text: before });
      return;
    }
    const trusted = at === this.#begin.station.carrier || at === this.#begin.station.exchange;
    const say = (place: string, status: string, body = '') => {
      const answer = response(text, at, status, body);
      if (!/^1/.test(status)) this.#all.remember(branchOf(text), answer);
      this.#emit(place, { from: at, to: from, text: answer }, trusted);
    };
    if (method === 'INVITE' && !hasToTag(text)) {
      const invite = { at, from, text, final: false };
      this.#invites.set(branchOf(text), invite);
      if (this.#answers !== 'refuse' || this.#begin.chance.percent(50))
        say(
          '180',
          this.#begin.chance.one(['180 Ringing', '183 Progress']),
          this.#begin.chance.percent(30) ? description(at) : '',
        );
      if (this.#answers === 'ring') return;
      setTimeout(() => {
        if (this.#all.remembered(branchOf(text)) !== undefined) return;
        if (this.#answers === 'answer') say('200', '200 OK', description(at));
        else
          say(
            'refusal',
            this.#begin.chance.one([
              '486 Busy Here',
              '404 Not Found',
              '503 Unavailable',
              '603 Decline',
              '302 Moved',
              '480 Away',
              '401 Unauthorized',
            ]),
          );
      }, 10);
      return;
    }
    if (method === 'CANCEL') {
      say('200 CANCEL', '200 OK');
      const invite = this.#invites.get(branchOf(text));
      if (invite !== undefined && !invite.final) {
        const answer = response(invite.text, at, '487 Request Terminated');
        this.#all.remember(branchOf(text), answer);
        this.#emit('487', { from: at, to: invite.from, text: answer }, trusted);
      }
      return;
    }
    if (method === 'BYE') say('200 BYE', '200 OK');
    else
      say(
        'answer in dialog',
        method === 'REFER' ? '202 Accepted' : '200 OK',
        /^(INVITE|UPDATE)$/.test(method) ? description(at) : '',
      );
  }

  async register(expires: number, contact?: string): Promise<number> {
    const { registering: phone } = this.#begin.station;
    const uri = `sip:${phone.domain}`;
    const user = `sip:${phone.name}@${phone.domain}`;
    const text = (credentials: readonly string[]) =>
      finished(
        [
          `REGISTER ${uri} SIP/2.0`,
          `Via: SIP/2.0/UDP ${phone.at};branch=z9hG4bK${this.#begin.name}.${++this.#cseq};rport`,
          'Max-Forwards: 70',
          `From: <${user}>;tag=${this.#tag}`,
          `To: <${user}>`,
          `Call-ID: ${this.#begin.name}`,
          `CSeq: ${this.#cseq} REGISTER`,
          `Contact: ${contact ?? `<sip:${phone.name}@${phone.at}>`}`,
          `Expires: ${expires}`,
          ...credentials,
        ],
        '',
      );
    const final = () =>
      this.#got(phone.at, (answer) => statusOf(answer) >= 200 && methodOf(answer) === 'REGISTER', 2 * patience);
    this.#emit('REGISTER', { from: phone.at, to: this.#all.bed.server, text: text([]) });
    const challenge = await final();
    if (challenge === undefined || statusOf(challenge) !== 401) return statusOf(challenge ?? '');
    const credentials = signed(challenge, { name: phone.name, method: 'REGISTER', uri });
    this.#emit('signed REGISTER', { from: phone.at, to: this.#all.bed.server, text: text([credentials]) });
    return statusOf((await final()) ?? '');
  }

  async #call(): Promise<void> {
    const { chance, kind, station, name } = this.#begin;
    const { server } = this.#all.bed;
    const unique = String(this.number).padStart(7, '0');
    const fromCarrier = kind === 'call from a carrier';
    const fromExchange = kind === 'call of an exchange';
    const trusted = fromCarrier || fromExchange;
    const { domain } = station.caller;
    const at = fromCarrier ? station.carrier : fromExchange ? station.exchange : station.caller.at;
    const uri = fromCarrier
      ? `sip:${station.number}@${server.split(':')[0]}`
      : kind === 'call to a carrier'
        ? `sip:+4989${unique}@${domain}`
        : `sip:${station.callee.name}@${domain}`;
    const user = fromCarrier
      ? `sip:+4420${unique}@${at.split(':')[0]}`
      : fromExchange
        ? `sip:100@${domain}`
        : `sip:${station.caller.name}@${domain}`;
    this.#answers = kind === 'cancelled call' ? 'ring' : kind === 'refused call' ? 'refuse' : 'answer';
    const offer = chance.percent(10) ? '' : description(at);
    const invite = (credentials: readonly string[]) =>
      finished(
        [
          `INVITE ${uri} SIP/2.0`,
          `Via: SIP/2.0/UDP ${at};branch=z9hG4bK${name}.${++this.#cseq};rport`,
          'Max-Forwards: 70',
          `From: <${user}>;tag=${this.#tag}`,
          `To: <${uri}>`,
          `Call-ID: ${name}`,
          `CSeq: ${this.#cseq} INVITE`,
          `Contact: <sip:party@${at}>`,
          'Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, PRACK, INFO, REFER, NOTIFY',
          'Supported: replaces',
          ...credentials,
        ],
        offer,
      );
    const final = (within = patience) =>
      this.#got(at, (text) => statusOf(text) >= 200 && methodOf(text) === 'INVITE', within);
    let request = invite([]);
    this.#emit(trusted ? 'signed INVITE' : 'INVITE', { from: at, to: server, text: request }, trusted);
    let answer = await (kind === 'cancelled call' && trusted ? undefined : final());
    if (answer !== undefined && statusOf(answer) === 407 && !trusted) {
      this.#acknowledgeRefusal(at, request, answer);
      const credentials = signed(answer, { name: station.caller.name, method: 'INVITE', uri });
      request = invite([credentials]);
      this.#emit('signed INVITE', { from: at, to: server, text: request });
      if (kind !== 'cancelled call') answer = await final();
    }
    if (kind === 'cancelled call') {
      // Once it rings, or not.
      if (chance.percent(80)) await this.#got(at, (text) => statusOf(text) > 100 && statusOf(text) < 200, 300);
      const cancel = request
        .slice(0, request.indexOf('\r\n\r\n'))
        .split('\r\n')
        .filter((line) => /^(INVITE|Via|Max-Forwards|From|To|Call-ID)/.test(line))
        .map((line) => line.replace(/^INVITE/, 'CANCEL'));
      const text = finished([...cancel, `CSeq: ${this.#cseq} CANCEL`], '');
      if (chance.percent(15)) {
        // Late: it has been answered.
        const ringing = [...this.#invites.values()].at(-1);
        if (ringing !== undefined) {
          ringing.final = true;
          const answered = response(ringing.text, ringing.at, '200 OK', description(ringing.at));
          this.#all.remember(branchOf(ringing.text), answered);
          this.#post({ from: ringing.at, to: ringing.from, text: answered });
          if (chance.percent(50)) await sleep(20);
        }
      }
      this.#emit('CANCEL', { from: at, to: server, text }, trusted);
      answer = await final(2 * patience);
    }
    if (answer === undefined) return;
    if (statusOf(answer) >= 300) {
      this.#acknowledgeRefusal(at, request, answer);
      return;
    }
    await this.#talk(at, user, answer, trusted);
  }

  #acknowledgeRefusal(at: string, request: string, answer: string): void {
    const kept = request
      .split('\r\n\r\n')[0]!
      .split('\r\n')
      .filter((line) => /^(INVITE|Via|Max-Forwards|From|Call-ID)/.test(line))
      .map((line) => line.replace(/^INVITE/, 'ACK'));
    const text = finished(
      [...kept, `To: ${header(answer, 'To')}`, `CSeq: ${header(request, 'CSeq').split(' ')[0]} ACK`],
      '',
    );
    this.#emit('ACK of a refusal', { from: at, to: this.#all.bed.server, text });
  }

  /** The call is up: what is said in it, and its end. */
  async #talk(at: string, user: string, answer: string, trusted: boolean): Promise<void> {
    const { chance } = this.#begin;
    const caller: Side = {
      at,
      target: uriOf(header(answer, 'Contact')),
      routes: headersOf(answer, 'Record-Route').reverse(),
      from: header(answer, 'From') || `<${user}>;tag=${this.#tag}`,
      to: header(answer, 'To'),
      callId: this.#begin.name,
    };
    this.#say(caller, 'ACK', 'ACK', this.#cseq, '', trusted);
    const invite = [...this.#invites.values()].at(-1);
    const callee: Side | undefined =
      invite === undefined
        ? undefined
        : {
            at: invite.at,
            target: uriOf(header(invite.text, 'Contact')),
            routes: headersOf(invite.text, 'Record-Route'),
            from: `${header(invite.text, 'To').replace(/;tag=.*$/, '')};tag=of-${invite.at.replaceAll(/[.:]/g, '-')}`,
            to: header(invite.text, 'From'),
            callId: header(invite.text, 'Call-ID'),
          };
    const [toCallee, toCaller] = [mediaOf(answer), mediaOf(invite?.text ?? '')];
    for (let n = 0; n < 2; n++) {
      if (toCallee !== undefined) this.#all.postAudio(at, toCallee);
      if (callee !== undefined && toCaller !== undefined) this.#all.postAudio(callee.at, toCaller);
    }
    let calleeCseq = 0;
    const inDialog = ['in dialog', 'answer in dialog', 'ACK in dialog'].includes(this.#place);
    for (let n = chance.below(3) + (inDialog ? 1 : 0); n > 0; n--) {
      const byCaller = callee === undefined || chance.percent(60);
      const side = byCaller ? caller : callee;
      const what = chance.one(
        this.#place === 'ACK in dialog' && !this.#mutated ? (['re-INVITE', 'hold'] as const) : within,
      );
      const cseq = byCaller ? ++this.#cseq : ++calleeCseq;
      await this.#ask(side, what, cseq, byCaller ? trusted : false);
    }
    // A phone may crash.
    const end = chance.below(100);
    if (end < 20 && !this.#place.includes('BYE')) return;
    const byCaller = callee === undefined || end < 70;
    await this.#bye(byCaller ? caller : callee, byCaller ? ++this.#cseq : ++calleeCseq, byCaller && trusted);
  }

  /** A request within the call. */
  #say(
    side: Side,
    place: string,
    method: string,
    cseq: number,
    body: string,
    trusted: boolean,
    extra: readonly string[] = [],
  ): void {
    const text = finished(
      [
        `${method} ${side.target} SIP/2.0`,
        `Via: SIP/2.0/UDP ${side.at};branch=z9hG4bK${this.#begin.name}.${method}${cseq}${side.at};rport`,
        ...side.routes.map((route) => `Route: ${route}`),
        'Max-Forwards: 70',
        `From: ${side.from}`,
        `To: ${side.to}`,
        `Call-ID: ${side.callId}`,
        `CSeq: ${cseq} ${method}`,
        `Contact: <sip:party@${side.at}>`,
        ...extra,
      ],
      body,
    );
    const to = placeOf(uriOf(side.routes[0] ?? side.target));
    this.#emit(place, { from: side.at, to: to ?? this.#all.bed.server, text }, trusted);
  }

  async #ask(side: Side, what: (typeof within)[number], cseq: number, trusted: boolean): Promise<void> {
    const method = what === 're-INVITE' || what === 'hold' ? 'INVITE' : what;
    const body =
      method === 'INVITE' || method === 'UPDATE'
        ? description(side.at, ...(what === 'hold' ? ['a=sendonly'] : []))
        : '';
    const extra =
      method === 'REFER'
        ? ['Refer-To: <sip:somebody@example.com>']
        : method === 'NOTIFY'
          ? ['Event: refer', 'Subscription-State: terminated']
          : method === 'PRACK'
            ? ['RAck: 1 1 INVITE']
            : [];
    this.#say(side, what, method, cseq, body, trusted, extra);
    const answer = await this.#got(
      side.at,
      (text) => statusOf(text) >= 200 && header(text, 'CSeq') === `${cseq} ${method}`,
    );
    if (answer === undefined || method !== 'INVITE') return;
    if (statusOf(answer) < 300)
      this.#say(
        { ...side, target: uriOf(header(answer, 'Contact')) || side.target },
        'ACK in dialog',
        'ACK',
        cseq,
        '',
        trusted,
      );
    else this.#say(side, 'ACK in dialog', 'ACK', cseq, '', trusted);
  }

  async #bye(side: Side, cseq: number, trusted: boolean): Promise<void> {
    this.#say(side, 'BYE', 'BYE', cseq, '', trusted);
    await this.#got(side.at, (text) => statusOf(text) >= 200 && methodOf(text) === 'BYE');
  }

  /** Nobody lets a phone ring for ever. */
  async #refuseWhatRings(): Promise<void> {
    await sleep(30);
    for (const { at, from, text } of this.#invites.values()) {
      const branch = branchOf(text);
      const acknowledged = () => this.#received.some((each) => each.at === at && each.text.startsWith('ACK '));
      if (acknowledged()) continue;
      const answer = response(text, at, '480 Not Here');
      this.#all.remember(branch, answer);
      this.#all.post({ from: at, to: from, text: answer });
    }
  }
}
