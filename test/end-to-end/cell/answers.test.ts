/** What callers and carriers are told, and which way a call takes when somebody does not take it. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { logs } from '../../../lib/targets/local/index.ts';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import { describeWith } from '../../requirements.ts';
import { leave } from '../lab/companion.ts';
import { domainOf, Lab, until, type LabUser } from '../lab/lab.ts';
import { rfc4475 } from '../lab/rfc4475.ts';
import { headerOf, RawPhones, rawText, signed, statusOf, type RawRequest } from '../lab/raw-phones.ts';

const free = { calls: 100, callsPerSecond: 100, burst: 100 };
const first = '192.0.2.20:5060';
const second = '192.0.2.21:5060';
const strict = '192.0.2.22:5060';
const exchange = '192.0.2.30:5060';
const phone = '198.51.100.90:5060';
const outside = '198.51.100.70:5060';
const input = {
  name: 'lab-answers',
  region: 'eu-west-1',
  local: {},
  size: 'test',
  network: '10.82.0.0/20',
  media: { hosts: 2, kernelForwarding: 'preferred' },
  trunks: [
    { name: 'first', address: '192.0.2.20', limits: free },
    { name: 'second', address: '192.0.2.21', limits: free },
    { name: 'strict', address: '192.0.2.22', limits: free, failOverOn: [503] },
    { name: 'narrow', address: '192.0.2.23', limits: { ...free, calls: 0 } },
  ],
  tenants: [
    { name: 'acme', domain: domainOf('acme'), limits: free, trunks: ['first', 'second'] },
    { name: 'choosy', domain: domainOf('choosy'), limits: free, trunks: ['strict', 'second'] },
    { name: 'office', domain: domainOf('office'), sources: ['192.0.2.30/32'], limits: free },
    { name: 'desk', domain: domainOf('desk'), dids: { '+4930555102': 'user-desk' }, limits: free },
    { name: 'homes', domain: domainOf('homes'), dids: { '+4930555103': 'user-homes' }, limits: free },
    { name: 'full', domain: domainOf('full'), dids: { '+4930555100': 'user-full' }, limits: { ...free, calls: 0 } },
    {
      name: 'slow',
      domain: domainOf('slow'),
      dids: { '+4930555101': 'user-slow' },
      limits: { ...free, callsPerSecond: 0.1, burst: 1 },
    },
  ],
} satisfies CellInput;
const users = input.tenants.map(({ name }, index): LabUser => ({
  ...{ name: `user-${name}`, tenant: name, address: `198.51.100.${71 + index}` },
}));

describeWith(['root', 'debian-packages'], 'answers', () => {
  let lab: Lab;
  let raw: RawPhones;

  beforeAll(async () => {
    lab = await Lab.up(input);
    await lab.addUsers(users);
    raw = await RawPhones.open(lab, [
      ...[outside, phone, '198.51.100.91:5060', '198.51.100.92:5060'],
      ...[first, second, strict, '192.0.2.23:5060', exchange],
    ]);
    for (const tenant of ['acme', 'choosy', 'slow']) await register(tenant, outside);
    await register('desk', phone);
  });
  afterAll(() => leave(lab, raw));

  /** Registers the user of a tenant. */
  async function register(tenant: string, from: string, contact = from): Promise<void> {
    const uri = `sip:${domainOf(tenant)}`;
    const [name, callId] = [`user-${tenant}`, raw.newCallId()];
    const request: RawRequest = {
      from,
      method: 'REGISTER',
      user: `sip:${name}@${domainOf(tenant)}`,
      uri,
      callId,
      contact,
    };
    const headers = [signed(await raw.ask(request), { name, method: 'REGISTER', uri })];
    expect(statusOf(await raw.ask({ ...request, cseq: 2, headers }))).toBe(200);
  }

  const fromCarrier = (number: string, from = first): RawRequest => ({
    ...{ from, method: 'INVITE', user: 'sip:+4989700700@192.0.2.20', callId: raw.newCallId() },
    uri: `sip:${number}@${lab.floating}`,
  });

  /** A call of a user to the outside. @returns its final answer, and the INVITEs that each carrier got */
  async function callOut(tenant = 'acme', number = '+4989700700') {
    const seen = raw.received.length;
    const domain = domainOf(tenant);
    const uri = `sip:${number}@${domain}`;
    const name = `user-${tenant}`;
    const invite: RawRequest = {
      ...{ from: outside, method: 'INVITE', user: `sip:${name}@${domain}`, uri, callId: raw.newCallId() },
    };
    const challenge = await raw.ask(invite);
    const headers = [signed(challenge, { name, method: 'INVITE', uri })];
    const answer = await raw.ask({ ...invite, cseq: 2, headers }, 'udp', 30);
    return { answer, status: statusOf(answer), asked: [first, second].map((at) => raw.invitesAt(at, seen).length) };
  }

  const nothingIsLeft = async () => {
    await until(async () => Object.keys(await lab.load()).length === 0);
    for (const { name } of lab.cell.media) await until(async () => (await lab.relayed(name)) === 0);
  };

  it('to a carrier name the limit of the tenant that it calls, and never say that the cell is full', async () => {
    const full = await raw.ask(fromCarrier('+4930555100'));
    expect(statusOf(full)).toBe(486);
    expect(headerOf(full, 'Reason')).toBe('Q.850;cause=17;text="tenant_calls"');
    raw.answer(outside, { status: 486 });
    await raw.ask(fromCarrier('+4930555101'));
    const slow = await raw.ask(fromCarrier('+4930555101'));
    expect(statusOf(slow)).toBe(480);
    expect(headerOf(slow, 'Reason')).toBe('Q.850;cause=42;text="tenant_rate"');
    const narrow = await raw.ask(fromCarrier('+4930555101', '192.0.2.23:5060'));
    expect([statusOf(narrow), headerOf(narrow, 'Reason')]).toEqual([480, expect.stringContaining('tenant_rate')]);
    expect((await lab.load())['t:full']).toBeUndefined();
  });

  it.each([300, 302, 401, 403, 404, 407, 408, 500, 502, 503, 504])(
    'of %d from a carrier send the call on to the next trunk',
    async (status) => {
      raw.answer(first, { status, headers: ['Proxy-Authenticate: Digest realm="c", nonce="n"'] });
      raw.answer(second, { status: 486 });
      expect(await callOut()).toMatchObject({ status: 486, asked: [1, 1] });
      await nothingIsLeft();
    },
  );

  it.each([480, 484, 486, 487, 488, 600, 603, 604, 606])(
    'of %d are the callee’s own, and end the call',
    async (status) => {
      raw.answer(first, { status });
      raw.answer(second, { status: 500 });
      expect(await callOut()).toMatchObject({ status, asked: [1, 0] });
      await nothingIsLeft();
    },
  );

  it('with a Reason of the network that the number does not exist end the call, and those with no way to it do not', async () => {
    raw.answer(second, { status: 486 });
    raw.answer(first, { status: 404, headers: ['Reason: Q.850;cause=1;text="Unallocated (unassigned) number"'] });
    expect(await callOut()).toMatchObject({ status: 404, asked: [1, 0] });
    raw.answer(first, { status: 500, headers: ['Reason: SIP;cause=500,Q.850 ;cause=17'] });
    expect(await callOut()).toMatchObject({ status: 500, asked: [1, 0] });
    raw.answer(first, { status: 404, headers: ['Reason: Q.850;cause=3;text="No route to destination"'] });
    expect(await callOut()).toMatchObject({ status: 486, asked: [1, 1] });
    raw.answer(first, { status: 404, headers: ['Reason: Q.850;cause=102'] });
    expect(await callOut()).toMatchObject({ status: 486, asked: [1, 1] });
  });

  it('of 408 after ringing are a callee that did not answer', async () => {
    raw.answer(first, { status: 408, first: [180] });
    expect(await callOut()).toMatchObject({ status: 408, asked: [1, 0] });
  });

  it('go on by the statuses that a trunk of its own names, and no others', async () => {
    raw.answer(strict, { status: 500 });
    raw.answer(second, { status: 486 });
    expect(await callOut('choosy')).toMatchObject({ status: 500, asked: [0, 0] });
    raw.answer(strict, { status: 503 });
    expect(await callOut('choosy')).toMatchObject({ status: 486, asked: [0, 1] });
  });

  it.each([302, 401, 407, 503])(
    'of %d from the last trunk reach the caller as 500, with nothing of the carrier’s',
    async (status) => {
      const headers = [
        'WWW-Authenticate: Digest realm="c", nonce="n"',
        'Proxy-Authenticate: Digest realm="c", nonce="n"',
      ];
      for (const at of [first, second]) raw.answer(at, { status, headers: [...headers, 'Retry-After: 3600'] });
      const { answer, ...call } = await callOut();
      expect(call).toEqual({ status: 500, asked: [1, 1] });
      expect(answer).not.toMatch(/Authenticate|Retry-After|Contact/);
      expect(headerOf(answer, 'Reason')).toBe(`SIP;cause=${status}`);
      await nothingIsLeft();
    },
  );

  it('that refuse a call leave a line and a record with the reason, on whatever way it came', async () => {
    const domain = domainOf('office');
    const user = 'sip:desk@192.0.2.30';
    const base = { method: 'INVITE', user } as const;
    const refused: readonly [RawRequest, object][] = [
      [fromCarrier('+4930555100'), { tenant: 'full', trunk: 'first', kind: 'in', cause: 486, reason: 'tenant_calls' }],
      [fromCarrier('+4930999999'), { tenant: '', trunk: 'first', kind: 'in', cause: 404, reason: 'unknown_number' }],
      [
        { ...base, from: exchange, uri: `sip:nobody@${domain}`, callId: raw.newCallId() },
        { tenant: 'office', from: `desk@${domain}`, to: 'nobody', cause: 404, reason: 'unknown_user' },
      ],
      [
        { ...base, from: exchange, uri: 'sip:bob@elsewhere.example', callId: raw.newCallId() },
        { tenant: 'office', to: 'sip:bob@elsewhere.example', cause: 403, reason: 'foreign_domain' },
      ],
    ];
    for (const [request, { cause }] of refused as readonly [RawRequest, { cause: number }][]) {
      expect(statusOf(await raw.ask(request))).toBe(cause);
    }
    const recordOf = async (callId: string) => (await lab.records()).filter(({ call }) => call === callId);
    for (const [{ callId }, record] of refused) {
      await until(async () => (await recordOf(callId)).length > 0);
      const records = await recordOf(callId);
      expect(records).toEqual([expect.objectContaining({ event: 'refused', media: 0, answered: null, ...record })]);
      expect(logs(input.name, lab.active!)['kamailio']).toMatch(new RegExp(`NOTICE.* call ${callId} refused: `));
    }
    expect(await lab.load()).toEqual({});
  });

  it('to strangers leave no record, and to a tenant’s dialler that goes on for ever no more than a bounded number', async () => {
    const count = async () => (await lab.records()).filter(({ event }) => event === 'refused').length;
    const before = await count();
    const untoldBefore = await lab.metric('refusals_untold_total');
    for (let index = 0; index < 30; index++) {
      const uri = `sip:bert@${domainOf('acme')}`;
      const user = 'sip:mallory@nowhere.example';
      expect(statusOf(await raw.ask({ from: outside, method: 'INVITE', user, uri, callId: raw.newCallId() }))).toBe(
        403,
      );
    }
    expect(await lab.metric('refusals_untold_total')).toBeGreaterThan(untoldBefore);
    const uri = `sip:nobody@${domainOf('office')}`;
    const calls = 400;
    const started = Date.now();
    const dial = () =>
      raw.ask({ from: exchange, method: 'INVITE', user: 'sip:desk@192.0.2.30', uri, callId: raw.newCallId() });
    for (let made = 0; made < calls; made += 20) await Promise.all(Array.from({ length: 20 }, dial));
    const most = 100 + (5 * (Date.now() - started)) / 1000 + 5;
    await until(async () => (await lab.metric('records_waiting')) === 0 && (await count()) - before >= 90);
    expect((await count()) - before).toBeLessThan(most);
    expect(most).toBeLessThan(calls);
  });

  it('of a callee who does not take the call leave a line, too, and a given up call none', async () => {
    raw.answer(first, { status: 603 });
    const { status } = await callOut();
    expect(status).toBe(603);
    expect(logs(input.name, lab.active!)['kamailio']).toMatch(
      /NOTICE.* call raw-\d+ not answered: 603 refused, tenant 'acme', trunk 'first', from 'user-acme@acme.example.com' to '\+4989700700'/,
    );
  });

  it.each([
    ['a tel: URI', 'tel:+4989700700'],
    ['a tel: URI with separators', 'tel:+49-(89)-700.700'],
    ['a local tel: URI with a context', 'tel:700700;phone-context=+49-89'],
    ['parameters of number portability', `sip:+4989700700;npdi=yes;rn=+498900@${domainOf('acme')}`],
    ['an escaped plus', `sip:%2B4989700700@${domainOf('acme')}`],
  ])('take a call to %s', async (_, uri) => {
    raw.answer(first, { status: 486 });
    const seen = raw.received.length;
    const invite: RawRequest = {
      ...{ from: outside, method: 'INVITE', user: `sip:user-acme@${domainOf('acme')}`, uri, callId: raw.newCallId() },
    };
    const headers = [signed(await raw.ask(invite), { name: 'user-acme', method: 'INVITE', uri })];
    expect(statusOf(await raw.ask({ ...invite, cseq: 2, headers }))).toBe(486);
    const [asked] = raw.invitesAt(first, seen);
    expect(asked).toMatch(/^INVITE sip:\+4989700700@192\.0\.2\.20:5060;transport=udp SIP/);
  });

  it.each(['sip:+4930555100;npdi=yes@', 'sip:+4930555100;npdi;rn=+4930@', 'sip:4930555100@', 'sip:%2B4930555100@'])(
    'take a carrier’s call to %s',
    async (uri) => {
      const request = { ...fromCarrier('x'), uri: `${uri}${lab.floating}` };
      // Its tenant has no calls left: it was found.
      expect(statusOf(await raw.ask(request))).toBe(486);
      expect(statusOf(await raw.ask({ ...fromCarrier('x'), uri: 'tel:+4930555100' }))).toBe(486);
    },
  );

  it('refuse an extension that a proxy must know and this one does not', async () => {
    const invite = { ...fromCarrier('+4930555100'), headers: ['Proxy-Require: foo, bar'] };
    const refused = await raw.ask(invite);
    expect([statusOf(refused), headerOf(refused, 'Unsupported')]).toEqual([420, 'foo, bar']);
    const known = await raw.ask({ ...fromCarrier('+4930555100'), headers: ['Proxy-Require: privacy'] });
    expect(statusOf(known)).toBe(486);
  });

  it('say of a CANCEL that its INVITE is not there, and let the same Call-ID call again after one that is', async () => {
    const invite = fromCarrier('+4930555102');
    const cancel = (cseq: number) =>
      rawText({ ...invite, cseq })
        .replace(/^INVITE/, 'CANCEL')
        .replace(/CSeq: (\d+) INVITE/, 'CSeq: $1 CANCEL')
        .replace(/Content-Type:.*\r\nContent-Length: \d+\r\n\r\n[^]*$/, 'Content-Length: 0\r\n\r\n');
    const answerTo = async (text: string, cseq: number) => {
      raw.sendText(first, text);
      const found = () =>
        raw.received.find(({ text: answer }) =>
          [`Call-ID: ${invite.callId}\r`, `CSeq: ${cseq} CANCEL`, 'SIP/2.0 '].every((part) => answer.includes(part)),
        );
      await until(() => found() !== undefined);
      return statusOf(found()!.text);
    };
    expect(await answerTo(cancel(1), 1)).toBe(481);
    raw.answer(phone, { status: 0, first: [180] });
    raw.send({ ...invite, cseq: 2 });
    await until(() => raw.invitesAt(phone).length === 1);
    await until(() => raw.received.some(({ text }) => text.startsWith('SIP/2.0 180') && text.includes(invite.callId)));
    expect(await answerTo(cancel(2), 2)).toBe(200);
    await until(() => raw.answersTo({ ...invite, cseq: 2 }).some(({ text }) => statusOf(text) === 487));
    raw.answer(phone, { status: 486 });
    expect(statusOf(await raw.ask({ ...invite, cseq: 3 }))).toBe(486);
    await nothingIsLeft();
  });

  it('reach two phones that have the same private Contact behind different routers, and one that was restarted once', async () => {
    const places = ['198.51.100.91:5060', '198.51.100.92:5060'];
    for (const place of places) {
      raw.answer(place, { status: 486 });
      await register('homes', place, '192.168.1.5:5060');
    }
    await register('homes', places[1]!, '192.168.1.5:5060');
    const contacts = await lab.kamcmd(lab.active!, 'ul.lookup', 'location', `s:user-homes@${domainOf('homes')}`);
    expect(contacts.match(/Address: /g)).toHaveLength(2);
    const seen = raw.received.length;
    expect(statusOf(await raw.ask(fromCarrier('+4930555103')))).toBe(486);
    expect(places.map((place) => raw.invitesAt(place, seen).length)).toEqual([1, 1]);
  });

  it('refuse a method that is written with escapes, as one that is not known (RFC 4475, esc02)', async () => {
    const target = `sip:user-acme@${domainOf('acme')}`;
    const text = rfc4475({ from: outside, to: `${lab.floating}:5060`, target })['esc02']!;
    raw.sendText(outside, text);
    const answer = () =>
      raw.received.find((one) => one.text.startsWith('SIP/2.0 ') && one.text.includes('Call-ID: esc02.'));
    await until(() => answer() !== undefined);
    expect(statusOf(answer()!.text)).toBe(405);
  });

  it('leave no line of an error behind: all of this is a normal day', () => {
    const log = Object.values(logs(input.name, lab.active!)).join('\n');
    expect(log.split('\n').filter((line) => /ERROR|CRITICAL/.test(line))).toEqual([]);
  });
});
