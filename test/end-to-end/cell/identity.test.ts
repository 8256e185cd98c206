/** Who calls, as the other side is told: what is asserted, what is hidden, and which headers cross. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import { describeWith } from '../../requirements.ts';
import { leave } from '../lab/companion.ts';
import { domainOf, Lab, until, type LabUser } from '../lab/lab.ts';
import { headerOf, RawPhones, signed, statusOf, type RawRequest } from '../lab/raw-phones.ts';

const free = { calls: 100, callsPerSecond: 100, burst: 100 };
const carrier = '192.0.2.20:5060';
const exchange = '192.0.2.30:5060';
const anna = '198.51.100.80:5060';
const bert = '198.51.100.81:5060';
const domain = domainOf('acme');
const input = {
  name: 'lab-identity',
  region: 'eu-west-1',
  local: {},
  size: 'test',
  network: '10.83.0.0/20',
  media: { hosts: 2, kernelForwarding: 'preferred' },
  trunks: [{ name: 'carrier', address: '192.0.2.20', limits: free }],
  tenants: [
    {
      name: 'acme',
      domain,
      dids: {
        '+4930555200': 'reception',
        '+4930555201': 'anna',
        '+4930555202': 'anna',
        '+4930555203': 'bert',
      },
      sources: ['192.0.2.30/32'],
      limits: free,
    },
    { name: 'other', domain: domainOf('other'), dids: { '+4930555300': 'olga' }, limits: free },
  ],
} satisfies CellInput;
const users: readonly LabUser[] = ['anna', 'bert'].map((name) => ({ name, tenant: 'acme', address: '' }));
const forged = [
  'P-Asserted-Identity: <sip:+4930555300@forged.example>',
  'Remote-Party-ID: <sip:+4930555300@forged.example>',
  'Diversion: <sip:+4930555300@forged.example>',
  'History-Info: <sip:+4930555300@forged.example>;index=1',
  'X-Anything: forged',
  'User-Agent: forged 1.0',
];
const intercom = [
  'Call-Info: <sip:x>;answer-after=0',
  'Alert-Info: <http://x>;info=alert-autoanswer',
  'Answer-Mode: Auto',
];

describeWith(['root', 'debian-packages'], 'who calls', () => {
  let lab: Lab;
  let raw: RawPhones;

  beforeAll(async () => {
    lab = await Lab.up(input);
    await lab.addUsers(users);
    raw = await RawPhones.open(lab, [carrier, exchange, anna, bert]);
    expect(statusOf(await raw.register('bert', bert))).toBe(200);
    expect(statusOf(await raw.register('anna', anna))).toBe(200);
  });
  afterAll(() => leave(lab, raw));
  beforeEach(() => {
    for (const at of [carrier, bert, anna]) raw.answer(at, { status: 486 });
  });

  /** A call from somebody. @returns its INVITE as it comes out at the other side */
  async function callTo(at: string, request: Omit<RawRequest, 'method' | 'callId'>): Promise<string> {
    const seen = raw.received.length;
    const invite: RawRequest = { ...request, method: 'INVITE', callId: raw.newCallId() };
    let answer = await raw.ask(invite);
    if (statusOf(answer) === 407) {
      const name = request.from === anna ? 'anna' : 'bert';
      const headers = [...(request.headers ?? []), signed(answer, { name, method: 'INVITE', uri: request.uri })];
      answer = await raw.ask({ ...invite, cseq: 2, headers });
    }
    expect(statusOf(answer)).toBe(486);
    const [text, ...more] = raw.invitesAt(at, seen);
    expect(more).toEqual([]);
    return text!;
  }
  const out = { uri: `sip:+4989700700@${domain}` };
  const fromAnna = { from: anna, user: `sip:anna@${domain}` };
  const fromExchange = (number: string, ...headers: readonly string[]) => ({
    ...{ ...out, from: exchange, user: `sip:${number}@192.0.2.30`, headers },
  });
  const identityOf = (text: string) => ({
    from: /^<?"?([^<]*?)"? ?<?sip:([^@]+)@/.exec(headerOf(text, 'From')!)?.[2],
    asserted: /sip:([^@]+)@/.exec(headerOf(text, 'P-Asserted-Identity') ?? '')?.[1],
    privacy: headerOf(text, 'Privacy'),
  });

  it('is to a carrier the number of the user, asserted by us, whatever the phone says', async () => {
    const text = await callTo(carrier, { ...out, ...fromAnna, headers: [...forged, ...intercom] });
    expect(identityOf(text)).toEqual({ from: '+4930555201', asserted: '+4930555201', privacy: undefined });
    expect(text).not.toMatch(/forged|answer|Alert-Info|\b(anna|acme)\b/);
  });

  it('is a user’s other number where the user prefers it, and no number of anybody else', async () => {
    const preferring = (number: string) =>
      callTo(carrier, { ...out, ...fromAnna, headers: [`P-Preferred-Identity: <sip:${number}@${domain}>`] });
    expect(identityOf(await preferring('+4930555202')).asserted).toBe('+4930555202');
    expect(identityOf(await preferring('+4930555203')).asserted).toBe('+4930555201');
    expect(identityOf(await preferring('+4930555300')).asserted).toBe('+4930555201');
  });

  it('is of an exchange any number of its tenant, and no other', async () => {
    const shown = async (number: string, ...headers: readonly string[]) =>
      identityOf(await callTo(carrier, fromExchange(number, ...headers))).asserted;
    expect(await shown('+4930555203')).toBe('+4930555203');
    expect(await shown('004930555202')).toBe('+4930555202');
    expect(await shown('+4930555300')).toBe('+4930555200');
    expect(await shown('17', 'P-Asserted-Identity: <tel:+4930555202>')).toBe('+4930555202');
    expect(await shown('17', 'P-Asserted-Identity: <tel:+4930555300>')).toBe('+4930555200');
  });

  it.each<[string, string, readonly string[]]>([
    ['by Privacy: id', `sip:anna@${domain}`, ['Privacy: id']],
    ['by Privacy: user;critical', `sip:anna@${domain}`, ['Privacy: user;critical']],
    ['by an anonymous From', 'sip:anonymous@anonymous.invalid', []],
    [
      'by an anonymous From and what it prefers',
      'sip:anonymous@anonymous.invalid',
      [`P-Preferred-Identity: <sip:anna@${domain}>`, 'Privacy: id'],
    ],
    ['by an anonymous From at its own domain', `sip:anonymous@${domain}`, []],
  ])('is hidden from the callee %s, and not from the carrier’s own eyes', async (_, user, headers) => {
    const text = await callTo(carrier, { ...out, from: anna, user, headers });
    expect(identityOf(text)).toEqual({ from: 'anonymous', asserted: '+4930555201', privacy: 'id' });
    expect(headerOf(text, 'From')).toMatch(/^"Anonymous" *<sip:anonymous@anonymous.invalid>/);
    const inside = await callTo(bert, { uri: `sip:bert@${domain}`, from: anna, user, headers });
    expect(identityOf(inside)).toEqual({ from: 'anonymous', asserted: undefined, privacy: 'id' });
    expect(inside.replace(/^(INVITE|Via:).*$/gm, '')).not.toMatch(/anna|sip:phone@/);
  });

  it('is not hidden by Privacy: none', async () => {
    const text = await callTo(carrier, { ...out, ...fromAnna, headers: ['Privacy: none'] });
    expect(identityOf(text)).toEqual({ from: '+4930555201', asserted: '+4930555201', privacy: undefined });
  });

  it('still has to log in when it is hidden, as the one that it is', async () => {
    const user = 'sip:anonymous@anonymous.invalid';
    const invite: RawRequest = { ...out, from: anna, user, method: 'INVITE', callId: raw.newCallId() };
    const challenge = await raw.ask(invite);
    const wrong = { name: 'anna', password: 'guessed', method: 'INVITE', uri: out.uri };
    expect(statusOf(await raw.ask({ ...invite, cseq: 2, headers: [signed(challenge, wrong)] }))).toBe(407);
    const nowhere = { ...invite, callId: raw.newCallId(), uri: 'sip:+4989700700@nowhere.example' };
    expect(statusOf(await raw.ask(nowhere))).toBe(403);
  });

  it('is to a phone what the carrier asserts, in our name', async () => {
    const request = { uri: `sip:+4930555203@${lab.floating}`, from: carrier, user: 'sip:+4989700700@192.0.2.20' };
    const plain = await callTo(bert, request);
    expect(identityOf(plain)).toEqual({ from: '+4989700700', asserted: '+4989700700', privacy: undefined });
    expect(headerOf(plain, 'P-Asserted-Identity')).toBe(`<sip:+4989700700@${lab.floating}>`);
    const headers = [...forged.slice(1), ...intercom, 'P-Asserted-Identity: <sip:+4989700711@192.0.2.20>'];
    const asserted = await callTo(bert, { ...request, headers });
    expect(identityOf(asserted).asserted).toBe('+4989700711');
    expect(asserted).not.toMatch(/forged|answer|Alert-Info/);
    const hidden = await callTo(bert, { ...request, headers: [...headers, 'Privacy: id'] });
    expect(identityOf(hidden)).toEqual({ from: 'anonymous', asserted: undefined, privacy: 'id' });
    expect(hidden).not.toMatch(/49897007/);
  });

  it('is within a tenant who has logged in, as From says; phones may tell one another all but that', async () => {
    const headers = [...forged, ...intercom];
    const text = await callTo(bert, { uri: `sip:bert@${domain}`, ...fromAnna, headers });
    expect(identityOf(text)).toEqual({ from: 'anna', asserted: undefined, privacy: undefined });
    expect(text).not.toMatch(/forged.example/);
    expect(text).toMatch(/answer-after=0[^]*alert-autoanswer[^]*Answer-Mode[^]*X-Anything|X-Anything[^]*answer-after/);
  });

  it('stays hidden in the call that follows, whose callee reaches the caller all the same', async () => {
    raw.answer(bert, { status: 200, first: [180] });
    const seen = raw.received.length;
    const uri = `sip:bert@${domain}`;
    const invite: RawRequest = {
      ...{ from: anna, user: `sip:anna@${domain}`, method: 'INVITE', uri, callId: raw.newCallId() },
    };
    const challenge = await raw.ask(invite);
    const headers = ['Privacy: id', signed(challenge, { name: 'anna', method: 'INVITE', uri })];
    const answer = await raw.ask({ ...invite, cseq: 2, headers });
    expect(statusOf(answer)).toBe(200);
    // The caller’s own From comes back as it was.
    expect(headerOf(answer, 'From')).toBe(`<sip:anna@${domain}>;tag=t${invite.callId}`);
    const [toBert] = raw.invitesAt(bert, seen);
    const routes = [...answer.matchAll(/^Record-Route: (.*)\r$/gm)].map(([, route]) => `Route: ${route}`).reverse();
    const inCall = (
      method: string,
      cseq: number,
      contact: string,
      target: string,
      from: string,
      to: string,
      via: readonly string[],
    ) =>
      [
        `${method} ${target} SIP/2.0`,
        `Via: SIP/2.0/UDP ${contact};branch=z9hG4bK${invite.callId}.${method}.${cseq};rport`,
        ...via,
        'Max-Forwards: 70',
        `From: ${from}`,
        `To: ${to}`,
        `Call-ID: ${invite.callId}`,
        `CSeq: ${cseq} ${method}`,
        `Contact: <sip:phone@${contact}>`,
        'Content-Length: 0',
        '',
        '',
      ].join('\r\n');
    const target = /<([^>]*)>/.exec(headerOf(answer, 'Contact')!)![1]!;
    const [from, to] = [headerOf(answer, 'From')!, headerOf(answer, 'To')!];
    raw.sendText(anna, inCall('ACK', 2, anna, target, from, to, routes));
    // A change by the caller does not show it either.
    raw.sendText(anna, inCall('UPDATE', 3, anna, target, from, to, routes));
    const updateAt = () => raw.received.find(({ at, text }) => at === bert && text.startsWith('UPDATE '))?.text;
    await until(() => updateAt() !== undefined);
    expect(updateAt()!.replace(/^Via:.*$/gm, '')).not.toMatch(/anna|sip:phone@/);
    // The callee hangs up by what it knows, and the caller gets it at its own Contact.
    const contact = /<([^>]*)>/.exec(headerOf(toBert!, 'Contact')!)![1]!;
    const routesOfBert = [...toBert!.matchAll(/^Record-Route: (.*)\r$/gm)].map(([, route]) => `Route: ${route}`);
    const toTag = /;tag=.*$/.exec(to)![0];
    const bye = inCall(
      'BYE',
      1,
      bert,
      contact,
      `<sip:bert@${domain}>${toTag}`,
      headerOf(toBert!, 'From')!,
      routesOfBert,
    );
    raw.sendText(bert, bye);
    const byeAt = () => raw.received.find(({ at, text }) => at === anna && text.startsWith('BYE '))?.text;
    await until(() => byeAt() !== undefined);
    expect(byeAt()).toMatch(new RegExp(`^BYE sip:phone@${anna} `));
    await until(async () => Object.keys(await lab.load()).length === 0);
  });
});
