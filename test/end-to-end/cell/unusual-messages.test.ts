/** Messages that are large, cut off or cannot be read: answered or ended, and counted; and what a phone says of where it is. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readBuffer } from '../../../lib/software/kamailio/common/connections.ts';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import { describeWith } from '../../requirements.ts';
import { leave } from '../lab/companion.ts';
import { domainOf, Lab, until } from '../lab/lab.ts';
import { bodyOf, invite, RawParties, respond, sdp, sdpContent, requestInDialog } from '../lab/raw-parties.ts';
import { RawPhones, signed, type RawRequest } from '../lab/raw-phones.ts';
import { rfc4475 } from '../lab/rfc4475.ts';

const input = {
  name: 'lab-unusual',
  region: 'eu-west-1',
  local: {},
  size: 'test',
  network: '10.91.16.0/20',
  media: { hosts: 1, kernelForwarding: 'preferred' },
  sbc: { flood: { requestsPerSecond: 500, banSeconds: 10 } },
  tenants: [{ name: 'acme', domain: 'acme.example.com', sources: ['203.0.113.60/32'] }],
} satisfies CellInput;

const domain = domainOf('acme');
const phone = '198.51.100.11:5060';
const exchange = '203.0.113.60:5060';
const desk = '203.0.113.61:5060';
const victim = '203.0.113.66:5060';
const longest = readBuffer;

describeWith(['root', 'debian-packages'], 'unusual messages', () => {
  let lab: Lab;
  let phones: RawPhones;
  let raw: RawParties;
  let floating: string;

  beforeAll(async () => {
    lab = await Lab.up(input);
    await lab.addUsers([{ name: 'anna', tenant: 'acme', address: '' }]);
    for (const { name } of lab.cell.sbcs) await lab.kamcmd(name, 'htable.reload', 'users');
    floating = `${lab.floating}:5060`;
    phones = await RawPhones.open(lab, [phone]);
    raw = await RawParties.open(input.name, [exchange, desk, victim]);
    await lab.kamcmd(
      lab.active!,
      ...['ul.add', 'location', `desk@${domain}`, `sip:desk@${desk}`, '3600', '1.0', '.', '0', '0', '0'],
    );
  });
  afterAll(() => leave(lab, phones, raw));

  const register = (callId: string, headers: readonly string[] = []): RawRequest => ({
    ...{ from: phone, method: 'REGISTER', user: `sip:anna@${domain}`, uri: `sip:${domain}`, callId, headers },
  });
  /** Messages that were dropped or refused because they can't be read. */
  const unreadable = async () =>
    (await lab.metric('unreadable_total')) + (await lab.metric('rejected_total', 'malformed'));
  const opened = async () =>
    Number(/opened_connections: (\d+)/.exec(await lab.kamcmd(lab.active!, 'core.tcp_info'))![1]);

  it.each(['udp', 'tcp'] as const)('a request of 9,000 bytes over %s is answered like any', async (over) => {
    const answer = await phones.ask(register(`large-${over}`, [`X-Large: ${'x'.repeat(9000)}`]), over);
    expect(answer).toMatch(/^SIP\/2.0 401 /);
  });

  it('a call whose messages have 9,000 bytes is carried', async () => {
    const callId = raw.newCallId();
    const large = {
      ...sdpContent(sdp('203.0.113.60', 4000, ...Array.from({ length: 200 }, (_, n) => `a=x-${n}:${'y'.repeat(36)}`))),
    };
    expect(large.body.length).toBeGreaterThan(9000);
    raw.send(exchange, floating, invite(exchange, `sip:desk@${domain}`, `sip:100@${domain}`, callId, large));
    const offered = await raw.message(desk, callId, 'INVITE ');
    expect(bodyOf(offered).length).toBeGreaterThan(9000);
    raw.send(desk, floating, respond(offered, desk, '486 Busy Here'));
    await raw.message(exchange, callId, 'SIP/2.0 486');
  });

  it.each([longest + 1, 60_000])('a request of more than %i bytes over UDP gets 513', async (length) => {
    const before = await lab.metric('rejected_total', 'oversized');
    const request = register(`too-large-${length}`, [`X-Large: ${'x'.repeat(length)}`]);
    expect(await phones.ask(request)).toMatch(/^SIP\/2.0 513 Message Too Large/);
    expect(await lab.metric('rejected_total', 'oversized')).toBe(before + 1);
  });

  it.each([longest + 1, 60_000])('a request of more than %i bytes over TCP ends its connection', async (length) => {
    const before = await opened();
    phones.send(register(`too-large-tcp-${length}`, [`X-Large: ${'x'.repeat(length)}`]), 'tcp');
    await sleep(200);
    // A sender that is not hung up on would keep it open for 8 s.
    await until(async () => (await opened()) <= before, 3);
    expect(await phones.ask(register(`after-${length}`), 'tcp')).toMatch(/^SIP\/2.0 401 /);
  });

  it.each([
    ['more than there is', '1000'],
    ['less than there is', '5'],
    ['none', '0'],
    ['a negative number', '-1'],
    ['no number', 'x'],
  ])('a Content-Length that says %s is refused over UDP or counted, and never passes', async (_, length) => {
    const callId = `length-${length}`;
    const before = await unreadable();
    const text = invite(
      exchange,
      `sip:desk@${domain}`,
      `sip:100@${domain}`,
      callId,
      sdpContent(sdp('203.0.113.60', 4000)),
    );
    raw.send(exchange, floating, text.replace(/Content-Length: \d+/, `Content-Length: ${length}`));
    const final = () => raw.of(exchange, callId).find((answer) => /^SIP\/2.0 [4-6]/.test(answer));
    await until(async () => final() !== undefined || (await unreadable()) > before);
    expect(final() ?? 'SIP/2.0 4 counted').toMatch(/^SIP\/2.0 4/);
    expect(raw.of(desk, callId)).toEqual([]);
  });

  it('wsinv of RFC 4475, which Kamailio can not read, gets no answer over UDP and is counted', async () => {
    const before = await unreadable();
    phones.sendText(phone, rfc4475({ from: phone, to: lab.floating, target: `sip:anna@${domain}` })['wsinv']!);
    expect(await phones.ask(register('after-wsinv'))).toMatch(/^SIP\/2.0 401 /);
    expect(await unreadable()).toBe(before + 1);
    expect(phones.received.filter(({ text }) => text.includes('wsinv.torture'))).toEqual([]);
  });

  it('wsinv is counted over TCP, too, and keeps nobody waiting: its connection ends', async () => {
    const [before, open] = [await unreadable(), await opened()];
    const text = rfc4475({ from: phone, to: lab.floating, target: `sip:anna@${domain}`, over: 'tcp' })['wsinv']!;
    phones.sendText(phone, text, 'tcp');
    await until(async () => (await unreadable()) === before + 1, 3);
    await until(async () => (await opened()) <= open, 3);
  });

  it.each(['udp', 'tcp'] as const)(
    'a method and headers with all the characters of a token get 405 over %s',
    async (over) => {
      const text = rfc4475({ from: phone, to: lab.floating, target: `sip:anna@${domain}`, over })['intmeth']!;
      phones.sendText(phone, text, over);
      const answer = () => phones.received.find((message) => message.text.includes('intmeth.torture'))?.text;
      await until(() => answer() !== undefined, 3);
      expect(answer()).toMatch(/^SIP\/2.0 405 /);
      phones.received.length = 0;
    },
  );

  it('a phone that says that it is behind a proxy elsewhere is called where it speaks from', async () => {
    const callId = 'proxy-elsewhere';
    const request: RawRequest = {
      ...{ from: phone, method: 'INVITE', user: `sip:anna@${domain}`, uri: `sip:desk@${domain}`, callId },
      headers: [`Record-Route: <sip:${victim};lr>`],
    };
    const challenge = await phones.ask(request);
    const credentials = signed(challenge, { name: 'anna', method: 'INVITE', uri: request.uri });
    phones.send({ ...request, cseq: 2, headers: [...request.headers!, credentials] });
    const offered = await raw.message(desk, callId, 'INVITE ');
    raw.send(desk, floating, respond(offered, desk, '200 OK', sdpContent(sdp('203.0.113.61', 4000))));
    await until(() => phones.received.some(({ text }) => text.startsWith('SIP/2.0 200') && text.includes(callId)));
    // The desk hangs up, along the route that it was told.
    const routes = [...offered.matchAll(/^Record-Route: (.*)\r$/gm)].map(([, route]) => `Route: ${route}`);
    const [, to] = /^To: (.*)\r$/m.exec(offered)!;
    const [, from] = /^From: (.*)\r$/m.exec(offered)!;
    const [, contact] = /^Contact: <(.*)>\r$/m.exec(offered)!;
    const bye = [
      ...[
        `BYE ${contact} SIP/2.0`,
        `Via: SIP/2.0/UDP ${desk};branch=z9hG4bKbye${callId}`,
        ...routes,
        'Max-Forwards: 70',
      ],
      ...[
        `From: ${to};tag=b${callId}`,
        `To: ${from}`,
        `Call-ID: ${callId}`,
        'CSeq: 1 BYE',
        'Content-Length: 0',
        '',
        '',
      ],
    ].join('\r\n');
    raw.send(desk, floating, bye);
    await until(() => phones.received.some(({ at, text }) => at === phone && text.startsWith('BYE ')));
    expect(raw.received.filter(({ at }) => at === victim)).toEqual([]);
  });

  it('an answer that says that its phone is behind a proxy elsewhere brings no description, and nobody there hears of it', async () => {
    const callId = raw.newCallId();
    raw.send(
      exchange,
      floating,
      invite(exchange, `sip:desk@${domain}`, `sip:100@${domain}`, callId, sdpContent(sdp('203.0.113.60', 4000))),
    );
    const offered = await raw.message(desk, callId, 'INVITE ');
    const answer = respond(offered, desk, '200 OK', sdpContent(sdp('203.0.113.61', 4000)));
    raw.send(desk, floating, answer.replace('Record-Route:', `Record-Route: <sip:${victim};lr>\r\nRecord-Route:`));
    const answered = await raw.message(exchange, callId, 'SIP/2.0 200');
    expect(bodyOf(answered)).toBe('');
    raw.send(exchange, floating, requestInDialog(exchange, answered, 'ACK', 1));
    raw.send(exchange, floating, requestInDialog(exchange, answered, 'BYE', 2));
    await sleep(500);
    expect(raw.received.filter(({ at }) => at === victim)).toEqual([]);
  });

  it.each<[string, (answer: string) => string]>([
    ['its proof is not whole', (answer) => answer.replace(/;k=[0-9a-f]{4}/, ';')],
    ['it is somebody else', (answer) => answer.replace(/^(Record-Route: <sip:)[\d.]+/m, '$11.10')],
    [
      'a host of the cell is before it',
      (answer) => answer.replace('Record-Route:', 'Record-Route: <sip:10.91.16.11:5090;lr>,'),
    ],
    ['its Contact is longer than any', (answer) => answer.replace('sip:raw@', `sip:${'u'.repeat(600)}@`)],
  ])(
    'an answer after ringing that says that %s is the end of the call: nothing is held by it, nor goes on in it',
    async (_, change) => {
      const callId = raw.newCallId();
      const offer = sdpContent(sdp('203.0.113.60', 4000));
      raw.send(exchange, floating, invite(exchange, `sip:desk@${domain}`, `sip:100@${domain}`, callId, offer));
      const offered = await raw.message(desk, callId, 'INVITE ');
      raw.send(desk, floating, respond(offered, desk, '180 Ringing'));
      const ringing = await raw.message(exchange, callId, 'SIP/2.0 180');
      raw.send(desk, floating, change(respond(offered, desk, '200 OK', sdpContent(sdp('203.0.113.61', 4000)))));
      await raw.message(exchange, callId, 'SIP/2.0 200');
      await until(async () => Object.keys(await lab.load()).length === 0, 3);
      for (const { name } of lab.cell.media) await until(async () => (await lab.relayed(name)) === 0, 3);
      const [end] = (await recordsOf(callId)).slice(-1);
      expect(end).toMatchObject({ event: 'end', reason: 'refused' });
      // The route of the 180 is as it should be.
      raw.send(exchange, floating, requestInDialog(exchange, ringing, 'ACK', 1));
      raw.send(exchange, floating, requestInDialog(exchange, ringing, 'INVITE', 2, offer));
      await raw.message(exchange, callId, 'SIP/2.0 481');
      // The callee is told all the same.
      raw.send(exchange, floating, requestInDialog(exchange, ringing, 'BYE', 3));
      await raw.message(desk, callId, 'BYE ');
    },
  );

  const recordsOf = async (callId: string) => {
    const own = async () => (await lab.records()).filter(({ call }) => call === callId);
    await until(async () => (await own()).some(({ event }) => event === 'end'));
    return own();
  };

  it('of a callee that makes up one tag after the other 20 ring, and nothing of them is kept once the call is over', async () => {
    const callId = raw.newCallId();
    raw.send(
      exchange,
      floating,
      invite(exchange, `sip:desk@${domain}`, `sip:100@${domain}`, callId, sdpContent(sdp('203.0.113.60', 4000))),
    );
    const offered = await raw.message(desk, callId, 'INVITE ');
    const kept = async (table: string) =>
      [...(await lab.kamcmd(lab.active!, 'htable.dump', table)).matchAll(/value: .*made-up-/g)].length;
    for (let n = 0; n < 60; n++) {
      raw.send(
        desk,
        floating,
        respond(offered, desk, '180 Ringing').replace(/^(To: .*;tag=)[^\r]*/m, `$1made-up-${n}`),
      );
      await sleep(10);
    }
    await sleep(300);
    expect(await kept('sides')).toBe(20);
    expect(raw.of(exchange, callId).filter((text) => text.startsWith('SIP/2.0 180'))).toHaveLength(20);
    raw.send(desk, floating, respond(offered, desk, '486 Busy Here'));
    await raw.message(exchange, callId, 'SIP/2.0 486');
    await until(async () => (await kept('rang')) === 0, 3);
    // Until the last repetition of a request can have come.
    await until(async () => (await kept('sides')) === 0, 50);
  });
});
