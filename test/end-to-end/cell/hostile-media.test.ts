/** Media goes only where it may: whatever a session description says, however a body is made, whoever sends packets. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AgentsProcess } from '../../../lib/user-agent/agents-process.ts';
import { exec } from '../../../lib/targets/local/index.ts';
import { mediaGuardPath } from '../../../lib/software/rtpengine/media-guard.ts';
import { pingCommand, pingScriptPath } from '../../../lib/software/rtpengine/ping.ts';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import { internalPorts, sbcOverlayAddress } from '../../../lib/fleet/schema/fixed.ts';
import { describeWith } from '../../requirements.ts';
import { leave } from '../lab/companion.ts';
import { failuresOf, Lab, until, type LabUser, type SipTrace } from '../lab/lab.ts';
import {
  bodyOf,
  invite,
  mediaOf,
  noContent,
  RawParties,
  respond,
  sdp,
  sdpContent,
  statusOf,
  typed,
  requestInDialog,
  type Content,
} from '../lab/raw-parties.ts';

const input = {
  name: 'lab-hostile-media',
  region: 'eu-west-1',
  local: {},
  size: 'test',
  network: '10.80.128.0/20',
  media: { hosts: 1, kernelForwarding: 'preferred' },
  trunks: [
    { name: 'carrier-a', address: '192.0.2.10' },
    { name: 'interconnect', address: '172.20.0.5', sources: ['172.20.0.0/24'] },
  ],
  tenants: [
    {
      name: 'acme',
      domain: 'acme.example.com',
      dids: { '+4930123456': 'desk' },
      sources: ['203.0.113.60/32'],
    },
  ],
} satisfies CellInput;
const anna: LabUser = { name: 'anna', tenant: 'acme', address: '198.51.100.11' };
const bert: LabUser = { name: 'bert', tenant: 'acme', address: '198.51.100.12' };

/** A tenant's exchange, where it also has media, and a desk that it calls. */
const exchange = '203.0.113.60:5060';
const exchangeMedia = '203.0.113.60:4000';
const moved = '203.0.113.62:4100';
const desk = '203.0.113.61:5060';
const deskMedia = '203.0.113.61:4000';
const stranger = '203.0.113.99:4000';
const candidate = '203.0.113.70:4000';
const carrier = '192.0.2.10:5060';
const interconnect = '172.20.0.5:5060';
const interconnectMedia = '172.20.0.6:4000';

const deskSdp = sdp('203.0.113.61', 4000);

describeWith(['root', 'debian-packages'], 'media goes only where it may', () => {
  let lab: Lab;
  let agents: AgentsProcess;
  let raw: RawParties;
  let relay: string;
  let floating: string;
  const traced: SipTrace[] = [];

  beforeAll(async () => {
    lab = await Lab.up(input);
    await lab.addUsers([anna, bert]);
    relay = lab.cell.media[0]!.relayAddress;
    floating = `${lab.floating}:5060`;
    // Bert's phone is behind NAT, in a network like the cell's: its address there is that of the relay.
    agents = await lab.agents([lab.user(anna), { ...lab.user(bert), behindNat: relay }], (message) =>
      traced.push(message),
    );
    raw = await RawParties.open(input.name, [
      ...[exchange, exchangeMedia, moved, desk, deskMedia, stranger, candidate, carrier, interconnect],
      ...[interconnectMedia, '203.0.113.60:2223'],
    ]);
    await lab.kamcmd(
      lab.active!,
      ...['ul.add', 'location', 'desk@acme.example.com', `sip:desk@${desk}`, '3600', '1.0', '.', '0', '0', '0'],
    );
  });
  afterAll(() => leave(lab, raw));

  /** Sends an INVITE to the desk. */
  function offer(content: Content, from = exchange): string {
    const callId = raw.newCallId();
    const uri = from === exchange ? 'sip:desk@acme.example.com' : `sip:+4930123456@${lab.floating}`;
    const user = from === exchange ? 'sip:100@acme.example.com' : `sip:+4989700700@${from.split(':')[0]}`;
    raw.send(from, floating, invite(from, uri, user, callId, content));
    return callId;
  }

  /** A call that the desk answers, and what each side got. */
  async function call(content: Content, answer: Content = sdpContent(deskSdp), from = exchange) {
    const callId = offer(content, from);
    const offered = await raw.message(desk, callId, 'INVITE ');
    raw.send(desk, floating, respond(offered, desk, '200 OK', answer));
    const answered = await raw.message(from, callId, 'SIP/2.0 200');
    raw.send(from, floating, requestInDialog(from, answered, 'ACK', 1));
    await raw.message(desk, callId, 'ACK ');
    return { callId, offered, answered };
  }

  async function hangUp({ answered, callId }: { answered: string; callId: string }, from = exchange): Promise<void> {
    raw.send(from, floating, requestInDialog(from, answered, 'BYE', 90));
    const bye = await raw.message(desk, callId, 'BYE ');
    raw.send(desk, floating, respond(bye, desk, '200 OK'));
    await until(() => raw.of(from, callId).some((text) => /^SIP\/2.0 200[^]*CSeq: 90 BYE/.test(text)));
  }

  /** The cell hangs up on both sides, because there can be no audio. */
  async function endedByTheCell(callId: string): Promise<void> {
    for (const party of [exchange, desk]) {
      const bye = await raw.message(party, callId, 'BYE ');
      expect(bye).toContain('Reason: SIP;cause=488;text="media_refused"');
      raw.send(party, floating, respond(bye, party, '200 OK'));
    }
  }

  /** The final status of an INVITE that goes no further. */
  async function refusal(content: Content, from = exchange): Promise<number> {
    const callId = offer(content, from);
    const final = () =>
      raw
        .of(from, callId)
        .map(statusOf)
        .find((status) => status >= 200);
    await until(() => final() !== undefined || raw.of(desk, callId).length > 0, 3);
    expect(raw.of(desk, callId)).toEqual([]);
    return final()!;
  }

  /** Asks the relay over its control protocol, from an SBC, as if no script had looked. */
  async function ng(command: string): Promise<string> {
    const program = `
      const socket = require('node:dgram').createSocket('udp4');
      socket.on('message', (message) => { console.log(message.toString()); socket.close(); });
      socket.send(process.pid + '-' + Date.now() + ' ' + process.argv[1], ${internalPorts.rtpengineControl}, '${relay}');`;
    return lab.run(lab.active!, 'timeout', '3', process.execPath, '-e', program, command);
  }

  const bencode = (dictionary: Readonly<Record<string, string>>) =>
    `d${Object.entries(dictionary)
      .flat()
      .map((text) => `${Buffer.byteLength(text)}:${text}`)
      .join('')}e`;

  const guardDrops = async () => {
    const rules = await lab.run('media-1', 'nft', 'list', 'table', 'inet', 'cellstamp_media_guard');
    return [...rules.matchAll(/counter packets (\d+)/g)].reduce((sum, [, packets]) => sum + Number(packets), 0);
  };

  describe('a description that leads into the cell', () => {
    it('behind NAT is not believed: the relay sends where the message came from, and its control port hears nothing', async () => {
      const dropped = await guardDrops();
      const calls = await call(sdpContent(sdp(relay, internalPorts.rtpengineControl)));
      const at = mediaOf(bodyOf(calls.offered));
      // The other party's audio is a command to the relay.
      for (let i = 0; i < 5; i++) raw.send(deskMedia, at, `x${i} d7:command4:liste`);
      const control = `203.0.113.60:${internalPorts.rtpengineControl}`;
      await until(() =>
        raw.received.some((datagram) => datagram.at === control && datagram.text.includes('7:command')),
      );
      await sleep(300);
      expect(raw.received.filter(({ text }) => text.includes('5:calls'))).toEqual([]);
      expect(await guardDrops()).toBe(dropped);
      await hangUp(calls);
    });

    it('goes no further than the kernel where nobody looked: no command reaches the relay, and the calls of others stay', async () => {
      const others = await call(sdpContent(sdp('203.0.113.60', 4000)));
      const attack = async () => {
        const fields = { 'call-id': `attack-${Date.now()}`, 'from-tag': 'a' };
        const control = sdp(relay, internalPorts.rtpengineControl);
        // Where the attacker's other party sends.
        const at = mediaOf(await ng(bencode({ command: 'offer', ...fields, sdp: control })));
        const answer = sdp('203.0.113.99', 4000);
        await ng(bencode({ command: 'answer', ...fields, 'to-tag': 'b', sdp: answer }));
        const before = raw.received.length;
        for (let i = 0; i < 10; i++) raw.send(stranger, at, `${Date.now()}${i} d7:command4:liste`);
        await sleep(500);
        const told = raw.received.slice(before).filter(({ at, text }) => at === stranger && text.includes('5:calls'));
        await ng(bencode({ command: 'delete', ...fields }));
        return told.length;
      };
      const dropped = await guardDrops();
      expect(await attack()).toBe(0);
      expect(await guardDrops()).toBeGreaterThan(dropped);
      // Without the guard the relay does as it is told: it is the guard alone that holds.
      await lab.run('media-1', 'nft', 'delete', 'table', 'inet', 'cellstamp_media_guard');
      expect(await attack()).toBeGreaterThan(0);
      await lab.run('media-1', 'nft', '-f', mediaGuardPath);
      expect(await attack()).toBe(0);
      expect(await lab.relayed('media-1')).toBe(1);
      await hangUp(others);
    });

    it('is stopped by the user of the packets too, whatever their port', async () => {
      const as = async (user: string, to: string) => {
        const ids = user === 'root' ? [] : ['setpriv', `--reuid=${user}`, `--regid=nogroup`, '--clear-groups', '--'];
        const { status } = await exec(input.name, 'media-1', [...ids, 'bash', '-c', `echo x >/dev/udp/${to}`]);
        return status;
      };
      const redis = `${lab.cell.redis[0]!.address}/${internalPorts.redis}`;
      expect(await as('rtpengine', redis)).not.toBe(0);
      expect(await as('rtpengine', '169.254.169.254/80')).not.toBe(0);
      expect(await as('rtpengine', `${sbcOverlayAddress}/5060`)).not.toBe(0);
      expect(await as('rtpengine', '127.0.0.1/323')).not.toBe(0);
      expect(await as('rtpengine', `${lab.cell.media[0]!.address}/${lab.spec.media.freeswitch.ports.from}`)).toBe(0);
      expect(await as('rtpengine', '203.0.113.99/4000')).toBe(0);
    });

    it('and no local process but the health check speaks to the control port', async () => {
      const statusOfPing = async (...argv: string[]) => (await exec(input.name, 'media-1', argv)).status;
      expect(await statusOfPing(...pingCommand)).toBe(0);
      expect(await statusOfPing(pingScriptPath)).not.toBe(0);
      const nobody = ['setpriv', '--reuid=nobody', '--regid=nogroup', '--clear-groups', '--'];
      expect(await statusOfPing(...nobody, pingScriptPath)).not.toBe(0);
      const cli = ['bash', '-c', 'exec 3<>/dev/tcp/127.0.0.1/2224'];
      expect(await statusOfPing('timeout', '2', ...cli)).toBe(0);
      expect(await statusOfPing('timeout', '2', ...nobody, ...cli)).not.toBe(0);
    });
  });

  const inside = [
    '127.0.0.1',
    '169.254.169.254',
    '224.0.0.251',
    '239.1.1.1/127',
    '255.255.255.255',
    '0.0.0.1',
    '010.80.128.33',
    '203.0.113.060',
    '203.0.113.60/127',
    '0x7f.0.0.1',
    '2130706433',
    '127.1',
    'localhost',
    ' 203.0.113.60',
    '203.0.113.60 127.0.0.1',
  ];
  const good = sdp('203.0.113.60', 4000);

  it.each<readonly [string, string]>([
    ...inside.map((address) => [`c=IN IP4 ${address} of the session`, sdp(address, 4000)] as const),
    ...inside.map(
      (address) => [`c=IN IP4 ${address} of the media`, sdp('203.0.113.60', 4000, `c=IN IP4 ${address}`)] as const,
    ),
    ...inside.map(
      (address) => [`a=rtcp with ${address}`, sdp('203.0.113.60', 4000, `a=rtcp:4001 IN IP4 ${address}`)] as const,
    ),
    ['IPv6', good.replace('IN IP4 203.0.113.60', 'IN IP6 ::1')],
    ['IPv6, mapped', good.replace('IN IP4 203.0.113.60', 'IN IP6 ::ffff:127.0.0.1')],
    ['a tab', good.replace('c=IN IP4', 'c=IN\tIP4')],
    ['the second of two sessions', good + sdp('127.0.0.1', 4000)],
    ['an o= line that is none', good.replace('o=- 1 1', 'o=-')],
    ['a media line without a port', good.replace('m=audio 4000', 'm=audio x')],
    ['an unknown line', good.replace('t=0 0', 'x=1')],
    ['hold, and a private address of the cell', sdp(`10.80.128.33`, 4000, 'c=IN IP4 0.0.0.0')],
  ])('is refused, however it is written: %s', async (_, body) => {
    const before = await lab.metric('rejected_total', 'media_address');
    expect(await refusal(sdpContent(body))).toBe(488);
    expect(await lab.metric('rejected_total', 'media_address')).toBe(before + 1);
  });

  it('is refused of a carrier that is reached by private addresses, whose other addresses are meant', async () => {
    expect(await refusal(sdpContent(sdp(relay, 4000)), interconnect)).toBe(488);
    const calls = await call(sdpContent(sdp('172.20.0.6', 4000)), undefined, interconnect);
    raw.sendRtp(deskMedia, mediaOf(bodyOf(calls.offered)), 1, 7);
    await until(() => raw.received.some(({ at }) => at === interconnectMedia));
    await hangUp(calls, interconnect);
  });

  it('in an answer or a later offer goes no further either', async () => {
    const callId = offer(sdpContent(good));
    const offered = await raw.message(desk, callId, 'INVITE ');
    raw.send(desk, floating, respond(offered, desk, '183 Session Progress', sdpContent(sdp('127.0.0.1', 4000))));
    raw.send(desk, floating, respond(offered, desk, '200 OK', sdpContent(sdp('127.0.0.1', 4000))));
    const answered = await raw.message(exchange, callId, 'SIP/2.0 200');
    expect([bodyOf(answered), answered.includes('Content-Type')]).toEqual(['', false]);
    expect(raw.of(exchange, callId).filter((text) => text.startsWith('SIP/2.0 183'))).toEqual([]);
    raw.send(exchange, floating, requestInDialog(exchange, answered, 'ACK', 1));
    await raw.message(desk, callId, 'ACK ');
    await endedByTheCell(callId);

    const later = await call(sdpContent(good));
    const ofLater = (sign: string) => raw.of(exchange, later.callId).find((text) => text.includes(sign));
    for (const [index, method] of ['INVITE', 'UPDATE'].entries()) {
      const sign = `CSeq: ${10 + index} ${method}`;
      const bad = sdpContent(sdp('127.0.0.1', 4000));
      raw.send(exchange, floating, requestInDialog(exchange, later.answered, method, 10 + index, bad));
      await until(() => ofLater(sign) !== undefined);
      expect(statusOf(ofLater(sign)!)).toBe(488);
    }
    await hangUp(later);
  });

  it('0.0.0.0 stays hold', async () => {
    const calls = await call(sdpContent(good));
    raw.send(
      exchange,
      floating,
      requestInDialog(exchange, calls.answered, 'INVITE', 2, sdpContent(sdp('0.0.0.0', 4000))),
    );
    await until(() => raw.of(desk, calls.callId).filter((text) => text.startsWith('INVITE ')).length === 2);
    const held = raw
      .of(desk, calls.callId)
      .filter((text) => text.startsWith('INVITE '))
      .at(-1)!;
    expect(bodyOf(held)).toContain('c=IN IP4 0.0.0.0');
    raw.send(desk, floating, respond(held, desk, '200 OK', sdpContent(deskSdp)));
    await hangUp(calls);
  });

  it('ICE candidates are taken out before the relay sees them: it checks none', async () => {
    const ice = [
      ...['a=ice-ufrag:abcd', 'a=ice-pwd:aaaabbbbccccddddeeeeffff'],
      `a=candidate:1 1 UDP 2130706431 ${relay} ${internalPorts.rtpengineControl} typ host`,
      'a=candidate:2 1 UDP 2130706430 203.0.113.70 4000 typ host',
    ];
    const dropped = await guardDrops();
    const calls = await call(
      sdpContent(sdp('203.0.113.60', 4000, ...ice)),
      sdpContent(sdp('203.0.113.61', 4000, ...ice)),
    );
    expect(calls.offered + calls.answered).not.toMatch(/a=(ice|candidate)/);
    raw.sendRtp(deskMedia, mediaOf(bodyOf(calls.offered)), 1, 7);
    await until(() => raw.received.some(({ at }) => at === exchangeMedia));
    await sleep(1000);
    expect(raw.received.filter(({ at }) => at === candidate)).toEqual([]);
    expect(await guardDrops()).toBe(dropped);
    await hangUp(calls);
  });

  describe('audio', () => {
    const kind = { name: 'to a phone behind NAT', caller: 'anna', callee: 'bert', dial: 'sip:bert@acme.example.com' };

    it('reaches a phone behind NAT whose network is like the cell’s, called and calling', async () => {
      const back = { name: 'from it', caller: 'bert', callee: 'anna', dial: 'sip:anna@acme.example.com' };
      const { results } = await agents.run({ kinds: [kind, back], calls: 2, talkSeconds: 2 });
      expect(failuresOf(results)).toEqual([]);
    });

    it('of a stranger is not heard, and a phone that takes another port is', async () => {
      traced.length = 0;
      const run = agents.startRun({
        kinds: [
          {
            ...kind,
            steps: [
              ...[{ step: 'ring' as const }, { step: 'answer' as const }, { step: 'talk' as const, seconds: 4.5 }],
              ...[
                { step: 'pause' as const, name: 'learned' },
                { step: 'talk' as const, seconds: 2 },
              ],
              { step: 'reinvite', by: 'caller', change: 'port' },
              ...[
                { step: 'talk' as const, seconds: 2 },
                { step: 'bye' as const, by: 'caller' as const },
              ],
            ],
          },
        ],
        calls: 1,
      });
      await until(() => traced.some(({ agent, text }) => agent === 'bert' && text.startsWith('ACK ')));
      await sleep(4700);
      run.resume('learned');
      const before = raw.received.length;
      // To both of the relay's ports.
      const ports = [
        traced.find(({ agent, text }) => agent === 'anna' && /^SIP\/2.0 200[^]*INVITE/.test(text))!,
        traced.find(({ agent, text }) => agent === 'bert' && text.startsWith('INVITE '))!,
      ].map(({ text }) => mediaOf(bodyOf(text)));
      for (let i = 0; i < 60; i++) {
        for (const port of ports) raw.sendRtp(stranger, port, 30000 + i, 0xdeadbeef);
        await sleep(20);
      }
      const { results } = await run.finished;
      expect(failuresOf(results)).toEqual([]);
      const [{ toCaller, toCallee }] = results as [(typeof results)[0]];
      expect([toCaller!.lost, toCallee!.lost]).toEqual([0, 0]);
      expect(toCallee!.received).toBeLessThanOrEqual(toCallee!.sent!);
      expect(toCaller!.received).toBeLessThanOrEqual(toCaller!.sent!);
      expect(raw.received.slice(before).filter(({ at }) => at === stranger)).toEqual([]);
    });

    it('of a stranger that sends first, and more, is not taken for that of a phone that sends from where it says', async () => {
      const calls = await call(sdpContent(good));
      const at = mediaOf(bodyOf(calls.answered));
      const say = async (from: readonly string[], times: number) => {
        const before = raw.received.length;
        for (let i = 0; i < times; i++) {
          for (const party of from) {
            raw.sendRtp(party, at, i, party === stranger ? 0xdeadbeef : 9);
            await sleep(20 / from.length);
          }
        }
        await sleep(50);
        return raw.received.slice(before).filter((datagram) => datagram.at === deskMedia).length;
      };
      await say([stranger], 50);
      // Four times as many, while the relay learns, which it does for 3 s.
      await say([exchangeMedia, stranger, stranger, stranger, stranger], 150);
      expect(await say([exchangeMedia], 20)).toBe(20);
      expect(await say([stranger], 20)).toBe(0);
      const before = raw.received.length;
      raw.sendRtp(deskMedia, mediaOf(bodyOf(calls.offered)), 1, 7);
      await until(() => raw.received.slice(before).some((datagram) => datagram.at === exchangeMedia));
      expect(raw.received.slice(before).filter((datagram) => datagram.at === stranger)).toEqual([]);
      await hangUp(calls);
    });

    it('follows a phone that says that it has another address and port, and is taken from the old ones no more', async () => {
      const calls = await call(sdpContent(good));
      const at = mediaOf(bodyOf(calls.answered));
      const heard = (from: number) => raw.received.slice(from).filter((datagram) => datagram.at === deskMedia).length;
      const say = async (from: string, seconds: number) => {
        const before = raw.received.length;
        for (let i = 0; i < seconds * 50; i++) {
          raw.sendRtp(from, at, i, 9);
          await sleep(20);
        }
        return heard(before);
      };
      expect(await say(exchangeMedia, 4)).toBeGreaterThan(150);
      expect(await say(moved, 0.5)).toBe(0);
      raw.send(
        exchange,
        floating,
        requestInDialog(exchange, calls.answered, 'INVITE', 2, sdpContent(sdp('203.0.113.62', 4100))),
      );
      await until(() => raw.of(desk, calls.callId).filter((text) => text.startsWith('INVITE ')).length === 2);
      const again = raw
        .of(desk, calls.callId)
        .filter((text) => text.startsWith('INVITE '))
        .at(-1)!;
      raw.send(desk, floating, respond(again, desk, '200 OK', sdpContent(deskSdp)));
      await sleep(200);
      expect(await say(moved, 4)).toBeGreaterThan(150);
      const before = raw.received.length;
      raw.sendRtp(deskMedia, mediaOf(bodyOf(calls.offered)), 1, 7);
      await until(() => raw.received.slice(before).some((datagram) => datagram.at === moved));
      expect(await say(exchangeMedia, 0.5)).toBe(0);
      await hangUp(calls);
    });
  });

  const location = '<presence entity="pres:x@acme.example.com"/>';
  const part = (type: string, body: string, ...headers: string[]) =>
    `--B1\r\n${[`Content-Type: ${type}`, ...headers].join('\r\n')}\r\n\r\n${body}\r\n`;
  const mixed = (...parts: readonly string[]) => typed('multipart/mixed;boundary=B1', `${parts.join('')}--B1--\r\n`);
  const sdpPart = part('application/sdp', good.trimEnd());
  /** No attribute of the relay's has become a part of it. */
  const wholeStream = /^m=audio \d+ RTP\/AVP 8\r?$/m;
  const isup = '\u0001\u0000\u0011\u0000\n\u0000"\\';

  it.each<[string, Content]>([
    ['a location after it', mixed(sdpPart, part('application/pidf+xml', location))],
    ['a location before it', mixed(part('application/pidf+xml', location, 'Content-ID: <x>'), sdpPart)],
    ['ISUP', mixed(sdpPart, part('application/isup;version=itu-t92+;base=itu-t92+', isup))],
    ['ISUP before it', mixed(part('application/isup;version=itu-t92+', isup), sdpPart)],
  ])('multipart with %s: the description is the relay’s, the rest is kept, there and back', async (_, content) => {
    const rest = content.body.split(good.trimEnd());
    const answer = { ...content, body: content.body.replaceAll('203.0.113.60', '203.0.113.61') };
    for (const from of [exchange, carrier]) {
      const calls = await call(content, answer, from);
      for (const body of [bodyOf(calls.offered), bodyOf(calls.answered)]) {
        expect(body).not.toMatch(/IN IP4 203\.0\.113\.6[01]/);
        expect(lab.mediaHost(mediaOf(body).split(':')[0]!)).toBe('media-1');
        expect(body).toMatch(wholeStream);
        expect(body.startsWith(rest[0]!)).toBe(true);
        expect(body.endsWith(rest[1]!)).toBe(true);
      }
      await hangUp(calls, from);
    }
  });

  it.each<[string, Content]>([
    ['odd case', typed('APPLICATION/Sdp', good)],
    ['a folded header', { headers: ['Content-Type:\r\n application/sdp'], body: good }],
    ['the compact form', { headers: ['c: application/sdp'], body: good }],
    ['a parameter', typed('application/sdp;charset=utf-8', good)],
    ['bare line feeds', sdpContent(good.replaceAll('\r\n', '\n'))],
    ['no line end at the end', sdpContent(good.trimEnd())],
    ['no line end at the end, and bare line feeds', sdpContent(good.trimEnd().replaceAll('\r\n', '\n'))],
  ])('a description with %s is the relay’s', async (_, content) => {
    const calls = await call(content);
    expect(lab.mediaHost(mediaOf(bodyOf(calls.offered)).split(':')[0]!)).toBe('media-1');
    expect(bodyOf(calls.offered)).toMatch(wholeStream);
    await hangUp(calls);
  });

  const notUnderstood: readonly [string, Content][] = [
    ['two descriptions', mixed(sdpPart, sdpPart)],
    ['two descriptions, one of them of another type', mixed(part('text/plain', good.trimEnd()), sdpPart)],
    [
      'parts within parts',
      mixed(part('multipart/mixed;boundary=B2', `--B2\r\nContent-Type: application/sdp\r\n\r\n${good}--B2--`)),
    ],
    [
      'a part in base64',
      mixed(part('application/sdp', Buffer.from(good).toString('base64'), 'Content-Transfer-Encoding: base64')),
    ],
    ['multipart/alternative', typed('multipart/alternative;boundary=B1', mixed(sdpPart).body)],
    ['multipart without a boundary', typed('multipart/mixed', mixed(sdpPart).body)],
    ['a boundary that is not the first parameter', typed('multipart/mixed;x=y;boundary=B1', mixed(sdpPart).body)],
    ['no Content-Type', { headers: [], body: good }],
    ['another Content-Type', typed('text/plain', good)],
    ['a fragment for ICE', typed('application/trickle-ice-sdpfrag', 'a=ice-ufrag:abcd\r\n')],
    ['spaces in its type', typed('application / sdp', good)],
    ['two Content-Types', { headers: ['Content-Type: text/plain', 'Content-Type: application/sdp'], body: good }],
    [
      'two Content-Types, one in compact form',
      { headers: ['c: text/plain', 'Content-Type: application/sdp'], body: good },
    ],
    ['Content-Encoding', { headers: ['Content-Type: application/sdp', 'Content-Encoding: gzip'], body: good }],
    ['Content-Encoding in compact form', { headers: ['Content-Type: application/sdp', 'e: gzip'], body: good }],
    [
      'a body beyond its Content-Length',
      { headers: ['Content-Type: application/sdp', 'Content-Length: 0'], body: good },
    ],
    ['something before it', sdpContent(`a=x\r\n${good}`)],
  ];

  it.each(notUnderstood)('a body with %s is refused', async (_, content) => {
    const before = await lab.metric('rejected_total', 'unknown_body');
    expect(await refusal(content)).toBe(415);
    expect(await lab.metric('rejected_total', 'unknown_body')).toBe(before + 1);
  });

  it.each(notUnderstood)('an answer with %s loses its body, and the call ends', async (_, content) => {
    const calls = await call(sdpContent(good), content);
    expect([bodyOf(calls.answered), calls.answered.includes('Content-Type')]).toEqual(['', false]);
    await endedByTheCell(calls.callId);
  });

  it('no other message carries a description through, nor does a refusal; what else they carry passes', async () => {
    const calls = await call(sdpContent(good));
    const { callId } = calls;
    let sequence = 10;
    const ask = async (method: string, content: Content, answer?: readonly [string, Content]) => {
      const cseq = `CSeq: ${++sequence} ${method}`;
      raw.send(exchange, floating, requestInDialog(exchange, calls.answered, method, sequence, content));
      const at = (party: string) =>
        raw.of(party, callId).find((text) => text.includes(`${cseq}\r\n`) && !text.startsWith('SIP/2.0 1'));
      await until(() => at(desk) !== undefined || at(exchange) !== undefined, 3);
      const passed = at(desk);
      if (passed === undefined) return { passed, answered: at(exchange)! };
      raw.send(desk, floating, respond(passed, desk, ...(answer ?? ['200 OK', noContent])));
      await until(() => at(exchange) !== undefined, 3);
      return { passed, answered: at(exchange)! };
    };
    for (const method of ['INFO', 'NOTIFY', 'MESSAGE', 'REFER', 'OPTIONS']) {
      for (const content of [sdpContent(good), typed('text/plain', good), mixed(sdpPart)]) {
        const { passed, answered } = await ask(method, content);
        expect([method, passed, statusOf(answered)]).toEqual([method, undefined, 415]);
      }
      const { answered } = await ask(method, noContent, ['200 OK', sdpContent(deskSdp)]);
      expect([statusOf(answered), bodyOf(answered)]).toEqual([200, '']);
    }
    const sipfrag = typed('message/sipfrag;version=2.0', 'SIP/2.0 200 OK\r\n');
    expect(bodyOf((await ask('NOTIFY', sipfrag)).passed!)).toBe(sipfrag.body);
    const refused = await ask('INVITE', sdpContent(good), ['488 Not Acceptable Here', sdpContent(deskSdp)]);
    expect([statusOf(refused.answered), bodyOf(refused.answered)]).toEqual([488, '']);
    // What answers an offer of the response passes as the relay's; its own answer does not pass at all.
    const prack = await ask('PRACK', sdpContent(good), ['200 OK', sdpContent(deskSdp)]);
    expect(bodyOf(prack.passed!)).not.toContain('203.0.113.60');
    expect(bodyOf(prack.answered)).toBe('');
    const bye = await ask('BYE', sdpContent(good), ['200 OK', sdpContent(deskSdp)]);
    expect([bodyOf(bye.passed!), bodyOf(bye.answered)]).toEqual(['', '']);
  });

  it('an INVITE that is refused brings no description back', async () => {
    const callId = offer(sdpContent(good));
    const offered = await raw.message(desk, callId, 'INVITE ');
    raw.send(desk, floating, respond(offered, desk, '488 Not Acceptable Here', sdpContent(deskSdp)));
    expect(bodyOf(await raw.message(exchange, callId, 'SIP/2.0 488'))).toBe('');
  });

  it('a late offer and its answer are the relay’s; one that leads inside goes no further', async () => {
    for (const [answer, passes] of [
      [sdp('203.0.113.60', 4000), true],
      [sdp('127.0.0.1', 4000), false],
    ] as const) {
      const callId = offer(noContent);
      const offered = await raw.message(desk, callId, 'INVITE ');
      raw.send(desk, floating, respond(offered, desk, '200 OK', sdpContent(deskSdp)));
      const answered = await raw.message(exchange, callId, 'SIP/2.0 200');
      expect(lab.mediaHost(mediaOf(bodyOf(answered)).split(':')[0]!)).toBe('media-1');
      raw.send(exchange, floating, requestInDialog(exchange, answered, 'ACK', 1, sdpContent(answer)));
      const ack = bodyOf(await raw.message(desk, callId, 'ACK '));
      expect(ack).not.toContain('203.0.113.60\r\nt=');
      expect(ack.includes('m=audio')).toBe(passes);
      if (passes) await hangUp({ answered, callId });
      else await endedByTheCell(callId);
    }
  });
});
