/** What callers and carriers are told, and which way a call takes when somebody does not take it. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CellInput } from '../../lib/spec/cell.ts';
import { describeWith } from '../requirements.ts';
import { domainOf, Lab, until, type LabUser } from './lab.ts';
import { headerOf, RawPhones, signed, statusOf, type RawRequest } from './raw-phones.ts';

const free = { calls: 100, callsPerSecond: 100, burst: 100 };
const first = '192.0.2.20:5060';
const second = '192.0.2.21:5060';
const strict = '192.0.2.22:5060';
const outside = '198.51.100.70:5060';
const input = {
  name: 'lab-answers',
  region: 'eu-west-1',
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
    await lab.agents(users.map((user) => lab.user(user)));
    raw = await RawPhones.open(lab, [outside, first, second, strict, '192.0.2.23:5060']);
  });
  afterAll(async () => {
    raw?.close();
    await lab?.down();
  });

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
});
