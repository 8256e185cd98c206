/** Calls that go elsewhere: by a tenant's rules, by what a phone says, and to a tenant's own exchange. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AgentsProcess } from '../../../lib/user-agent/agents-process.ts';
import type { CallScenario } from '../../../lib/user-agent/scenario.ts';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import { describeWith } from '../../requirements.ts';
import { leave } from '../lab/companion.ts';
import { domainOf, failuresOf, Lab, until, type LabUser } from '../lab/lab.ts';
import { headerOf, RawPhones, signed, statusOf, type RawRequest } from '../lab/raw-phones.ts';

const free = { calls: 100, callsPerSecond: 100, burst: 100 };
const exchange = '192.0.2.30:5060';
const carrier = '192.0.2.40:5060';
const phone = '198.51.100.120:5060';
const domain = domainOf('acme');
const input = {
  name: 'lab-forwarding',
  region: 'eu-west-1',
  local: {},
  size: 'test',
  network: '10.84.0.0/20',
  media: { hosts: 2, kernelForwarding: 'preferred' },
  trunks: [
    { name: 'in', address: '192.0.2.20', limits: free },
    { name: 'out', address: '192.0.2.21', limits: free },
    { name: 'raw', address: '192.0.2.40', limits: free },
  ],
  tenants: [
    {
      name: 'acme',
      domain,
      dids: {
        '+4930555400': 'anna',
        '+4930555401': 'boss',
        '+4930555402': 'busy',
        '+4930555403': 'away',
        '+4930555404': 'gone',
        '+4930555406': 'ping',
        '+4930555407': 'plain',
        '+4930555408': 'busy-out',
        '+4930555409': '@exchange',
      },
      sources: ['192.0.2.30/32'],
      exchange: { address: '192.0.2.30' },
      trunks: ['out'],
      forwards: {
        boss: { always: 'anna' },
        busy: { busy: 'anna', noAnswer: '+4989700799' },
        away: { noAnswer: 'anna', noAnswerSeconds: 5 },
        'busy-out': { busy: '+4989700799' },
        gone: { notRegistered: '+4989700799' },
        ping: { always: 'pong' },
        pong: { always: 'ping' },
      },
      limits: free,
    },
    {
      name: 'raw',
      domain: domainOf('raw'),
      dids: { '+4930555500': 'gone' },
      trunks: ['raw'],
      forwards: { gone: { notRegistered: '+4989700799' } },
      limits: free,
    },
  ],
} satisfies CellInput;
const users = ['anna', 'busy', 'away', 'plain', 'busy-out', 'gone'].map((name, index): LabUser => ({
  ...{ name, tenant: 'acme', address: `198.51.100.${110 + index}` },
}));

describeWith(['root', 'debian-packages'], 'forwarding', () => {
  let lab: Lab;
  let agents: AgentsProcess;
  let raw: RawPhones;

  beforeAll(async () => {
    lab = await Lab.up(input);
    await lab.addUsers(users);
    const user = (name: string) => lab.user(users.find((one) => one.name === name)!);
    agents = await lab.agents([
      user('anna'),
      { ...user('busy'), unexpected: { do: 'reject', status: 486 } },
      { ...user('busy-out'), unexpected: { do: 'reject', status: 486 } },
      // Rings for longer than anybody waits.
      { ...user('away'), unexpected: { do: 'answer', ringSeconds: 60 } },
      lab.carrier('in', '192.0.2.20'),
      lab.carrier('out', '192.0.2.21'),
    ]);
    raw = await RawPhones.open(lab, [phone, exchange, carrier]);
    const uri = `sip:${domain}`;
    const request: RawRequest = {
      ...{ from: phone, method: 'REGISTER', user: `sip:plain@${domain}`, uri, callId: raw.newCallId() },
    };
    const headers = [signed(await raw.ask(request), { name: 'plain', method: 'REGISTER', uri })];
    expect(statusOf(await raw.ask({ ...request, cseq: 2, headers }))).toBe(200);
  });
  afterAll(() => leave(lab, raw));

  const nothingIsLeft = async () => {
    await until(async () => Object.keys(await lab.load()).length === 0);
    for (const { name } of lab.cell.media) await until(async () => (await lab.relayed(name)) === 0);
  };
  /** A call with audio from the carrier or a user to a number, and who takes it in the end. */
  const call = (number: string, callee: string, caller = 'in'): CallScenario => ({
    ...{ name: `${caller} to ${number}`, caller, callee },
    dial: `sip:${number}@${caller === 'in' ? lab.floating : domain}`,
  });
  const rawCall = (number: string): RawRequest => ({
    ...{ from: carrier, method: 'INVITE', user: 'sip:+4989700700@192.0.2.40', callId: raw.newCallId() },
    uri: `sip:${number}@${lab.floating}`,
  });

  it.each<[string, string, string]>([
    ['always', '+4930555401', 'anna'],
    ['when the phone is busy', '+4930555402', 'anna'],
    ['when nobody answers', '+4930555403', 'anna'],
    ['when no phone is registered, to the outside', '+4930555404', 'out'],
    ['when the phone is busy, to the outside', '+4930555408', 'out'],
  ])('takes a call to where the tenant says %s, with audio in both directions', async (_, number, callee) => {
    const kinds = [call(number, callee), ...(callee === 'anna' ? [] : [call(number, callee, 'anna')])];
    const { results } = await agents.run({ kinds, calls: kinds.length * 2, talkSeconds: 1 });
    expect(failuresOf(results)).toEqual([]);
    const records = await lab.recordsOf(results);
    for (const { callId, kind } of results) {
      const expected = callee === 'out' ? { trunk: 'out', kind: 'out' } : { trunk: 'in', kind: 'in' };
      expect(records.get(callId)!.at(-1), kind).toMatchObject({ event: 'end', reason: 'hung_up', ...expected });
    }
    await nothingIsLeft();
  });

  it('can be told by a phone itself, to a user and to the outside', async () => {
    raw.answer(phone, { status: 302, headers: [`Contact: <sip:anna@${domain}>`] });
    const within = await agents.run({ kinds: [call('+4930555407', 'anna')], calls: 2, talkSeconds: 1 });
    expect(failuresOf(within.results)).toEqual([]);
    raw.answer(phone, { status: 302, headers: ['Contact: <tel:+4989700799>'] });
    const outside = await agents.run({ kinds: [call('+4930555407', 'out')], calls: 2, talkSeconds: 1 });
    expect(failuresOf(outside.results)).toEqual([]);
    await nothingIsLeft();
    raw.answer(phone, { status: 302, headers: ['Contact: <sip:nobody@elsewhere.example>'] });
    expect(statusOf(await raw.ask(rawCall('+4930555407')))).toBe(480);
    await nothingIsLeft();
  });

  it('shows to a carrier who called and who forwards, and asserts the latter', async () => {
    raw.answer(carrier, { status: 486 });
    const seen = raw.received.length;
    expect(statusOf(await raw.ask({ ...rawCall('+4930555500'), headers: ['Diversion: <sip:forged@x>'] }))).toBe(486);
    const [out, ...more] = raw.invitesAt(carrier, seen);
    expect(more).toEqual([]);
    expect(out).toMatch(/^INVITE sip:\+4989700799@192\.0\.2\.40/);
    expect(headerOf(out!, 'From')).toContain('sip:+4989700700@');
    expect(headerOf(out!, 'P-Asserted-Identity')).toContain('sip:+4930555500@');
    expect(headerOf(out!, 'Diversion')).toBe(`<sip:+4930555500@${lab.floating}>;reason=unavailable;counter=1`);
    expect(headerOf(out!, 'History-Info')).toMatch(
      /^<sip:\+4930555500@.*>;index=1, <sip:\+4989700799@.*;cause=503>;index=1\.1$/,
    );
    expect(out).not.toMatch(/forged|\bacme\b|raw\.example/);
    await nothingIsLeft();
  });

  it('does not go round for ever', async () => {
    expect(statusOf(await raw.ask(rawCall('+4930555406')))).toBe(480);
    await nothingIsLeft();
  });

  it('takes a number of an exchange to it, as it was called', async () => {
    raw.answer(exchange, { status: 486 });
    const seen = raw.received.length;
    expect(statusOf(await raw.ask(rawCall('+4930555409')))).toBe(486);
    expect(raw.invitesAt(exchange, seen)[0]).toMatch(/^INVITE sip:\+4930555409@192\.0\.2\.30:5060;transport=udp SIP/);
    await nothingIsLeft();
  });
});
