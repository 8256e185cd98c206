/** Log-ins through edges: what a client proved to one of them is worth nothing to somebody else. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AgentsProcess } from '../../../lib/user-agent/agents-process.ts';
import { callerAddress, serviceAddress } from '../../../lib/targets/local/front/index.ts';
import { describeWith } from '../../requirements.ts';
import { leave } from '../lab/companion.ts';
import { carrier, domain, FrontBed } from './bed.ts';
import { credentialsFor, Wire } from './wire.ts';
import { failuresOf, until, type SipTrace } from '../lab/lab.ts';

/** In the other place than the phone whose digest it has. */
const thief = `${callerAddress(1, 60)}:5060`;
const phone = `${callerAddress(2, 61)}:5060`;

describeWith(['root', 'debian-packages'], 'log-ins through edges', () => {
  let bed: FrontBed;
  let agents: AgentsProcess;
  let wire: Wire;
  const traced: SipTrace[] = [];

  beforeAll(async () => {
    bed = await FrontBed.up('lab-proofs', 77, ['alice', 'bob', 'mallory']);
    agents = await bed.agents([bed.user('alice', callerAddress(2, 1)), bed.carrier()], (event) => {
      if (event.event === 'sip') traced.push(event);
    });
    wire = await Wire.open(bed, [thief, phone]);
  });
  afterAll(() => leave(bed, wire));

  const ask = (from: string, method: 'REGISTER' | 'INVITE', uri: string, user: string, id: string, header?: string) => {
    const body = 'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n';
    const content = method === 'INVITE' ? body : '';
    const text = [
      `${method} ${uri} SIP/2.0`,
      `Via: SIP/2.0/UDP ${from};branch=z9hG4bK${id};rport`,
      ...(header === undefined ? [] : [header]),
      'Max-Forwards: 70',
      `From: <sip:${user}@${domain}>;tag=${id}`,
      `To: <${method === 'REGISTER' ? `sip:${user}@${domain}` : uri}>`,
      `Call-ID: ${id}`,
      `CSeq: 1 ${method}`,
      `Contact: <sip:${user}@${from}>`,
      ...(content === '' ? [] : ['Content-Type: application/sdp']),
      `Content-Length: ${content.length}`,
      '',
      content,
    ].join('\r\n');
    wire.send(from, `${serviceAddress}:5060`, text);
    return wire.answer(id, `1 ${method}`);
  };

  it('a captured REGISTER registers once', async () => {
    const uri = `sip:${domain}`;
    const challenge = await ask(phone, 'REGISTER', uri, 'mallory', 'challenged');
    const header = `Authorization: ${credentialsFor(challenge, 'mallory', 'REGISTER', uri)}`;
    expect(await ask(phone, 'REGISTER', uri, 'mallory', 'own', header)).toMatch(/^SIP\/2.0 200 /);
    expect(await ask(thief, 'REGISTER', uri, 'mallory', 'stolen', header)).toMatch(/^SIP\/2.0 401 [^]*stale=true/);
  });

  it('a captured INVITE calls once, and its digest no other number', async () => {
    const dialled = `sip:${carrier.number}@${domain}`;
    const kinds = [{ name: 'captured', caller: 'alice', callee: 'carrier', dial: dialled }];
    const { results } = await agents.run({ kinds, calls: 1, talkSeconds: 0.5 });
    expect(failuresOf(results)).toEqual([]);
    const sent = traced.find(
      ({ agent, direction, text }) =>
        agent === 'alice' && direction === 'sent' && /^INVITE [^]*^Proxy-Authorization: /m.test(text),
    )!;
    const header = /^Proxy-Authorization: .*(?=\r$)/m.exec(sent.text)![0];
    traced.length = 0;
    // The edge answers 100 before.
    const final = async (uri: string, id: string) => {
      await ask(thief, 'INVITE', uri, 'alice', id, header);
      const found = () =>
        wire.received.find(({ text }) => text.includes(`Call-ID: ${id}\r\n`) && !text.startsWith('SIP/2.0 1'))?.text;
      await until(() => found() !== undefined);
      return found()!;
    };
    expect(await final(dialled, 'same-number')).toMatch(/^SIP\/2.0 407 [^]*stale=true/);
    expect(await final(`sip:+4989700999@${domain}`, 'other-number')).toMatch(/^SIP\/2.0 400 /);
    expect(traced.filter(({ direction, text }) => direction === 'received' && text.startsWith('INVITE '))).toEqual([]);
  });
});
