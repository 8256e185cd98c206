/** Emergency calls: by number and by service, past every limit, with a location and a number to call back. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import { describeWith } from '../../requirements.ts';
import { leave } from '../lab/companion.ts';
import { domainOf, Lab, until, type LabUser } from '../lab/lab.ts';
import { headerOf, RawPhones, rawText, signed, statusOf, type RawRequest } from '../lab/raw-phones.ts';

const none = { calls: 0, callsPerSecond: 0.1, burst: 1 };
const psap = '192.0.2.41:5060';
const secondPsap = '192.0.2.42:5060';
const british = '192.0.2.43:5060';
const carrier = '192.0.2.44:5060';
const asking = '192.0.2.46:5060';
const anna = '198.51.100.90:5060';
const bert = '198.51.100.91:5060';
const carol = '198.51.100.92:5060';
const dora = '198.51.100.93:5060';
/** Somebody who is banned, with reason. */
const noisy = '198.51.100.94:5060';
const account = { user: 'cell-112', passwordVariable: 'LAB_PSAP_PASSWORD' };
const domain = domainOf('acme');
const input = {
  name: 'lab-emergency',
  region: 'eu-west-1',
  local: {},
  size: 'test',
  network: '10.92.0.0/20',
  media: { hosts: 2, kernelForwarding: 'preferred' },
  probe: { intervalSeconds: 30 },
  trunks: [
    { name: 'psap', address: '192.0.2.41', limits: none },
    { name: 'psap-2', address: '192.0.2.42', limits: none },
    { name: 'british', address: '192.0.2.43', limits: none },
    { name: 'carrier', address: '192.0.2.44' },
    { name: 'french', address: '192.0.2.45' },
    { name: 'asking', address: '192.0.2.46', credentials: account, limits: none },
  ],
  emergency: {
    DE: { trunks: ['psap', 'psap-2'], test: '19900' },
    GB: { trunks: ['british'], form: 'urn' },
    FR: { trunks: ['french'], test: '19900' },
    AT: { trunks: ['asking'], test: '19900' },
  },
  tenants: [
    {
      name: 'acme',
      domain,
      country: 'DE',
      dids: { '+4930555400': 'reception', '+4930555401': 'anna', '+4930555404': '110' },
      limits: none,
      trunks: ['carrier'],
      sites: {
        berlin: {
          location: { civic: { A3: 'Berlin', RD: 'Unter den Linden', HNO: '1 & 2' }, point: '52.5170 13.3889' },
          users: ['anna'],
        },
        london: {
          country: 'GB',
          callback: '+442075550100',
          location: { reference: 'https://places.example.com/london' },
          users: ['bert'],
        },
      },
    },
  ],
} satisfies CellInput;
const users: readonly LabUser[] = ['anna', 'bert', 'carol', 'dora'].map((name) => ({
  name,
  tenant: 'acme',
  address: '',
}));

describeWith(['root', 'debian-packages'], 'an emergency call', () => {
  let lab: Lab;
  let raw: RawPhones;

  beforeAll(async () => {
    process.env[account.passwordVariable] = 'it is a secret';
    lab = await Lab.up(input);
    await lab.addUsers(users);
    raw = await RawPhones.open(lab, [...[psap, secondPsap, british, carrier, asking, anna, bert, carol, dora, noisy]]);
    for (const [name, at] of Object.entries({ anna, bert, carol, dora })) {
      expect(statusOf(await raw.register(name, at))).toBe(200);
    }
  });
  afterAll(async () => {
    await leave(lab, raw);
    delete process.env[account.passwordVariable];
  });
  beforeEach(() => {
    for (const at of [psap, secondPsap, british, carrier]) raw.answer(at, { status: 200 });
    raw.answer(asking, { status: 200, realm: 'psap.example' });
  });

  /** @returns the final answer, and the INVITE as it came out at each emergency trunk in the order in which they came */
  async function call(name: string, from: string, uri: string, more: Partial<RawRequest> = {}) {
    const seen = raw.received.length;
    const user = `sip:${name}@${domain}`;
    const invite: RawRequest = { from, user, uri, method: 'INVITE', callId: raw.newCallId(), ...more };
    let answer = await raw.ask(invite);
    if (statusOf(answer) === 407) {
      const headers = [...(more.headers ?? []), signed(answer, { name, method: 'INVITE', uri })];
      answer = await raw.ask({ ...invite, cseq: 2, headers });
    }
    // The probe may place its daily calls at any moment.
    const at = (where: string) =>
      raw.invitesAt(where, seen).filter((text) => !/^INVITE \S*(19900@|test[.]sos)/.test(text));
    return { status: statusOf(answer), answer, at, callId: invite.callId };
  }

  /** What the probe says of a route, which it tests at once. */
  const test = async (country: string) => {
    const said = await lab.run(
      lab.active!,
      'sh',
      '-c',
      `/usr/local/lib/cellstamp/probe now emergency-${country} || true`,
    );
    return (JSON.parse(said) as Record<string, { readonly good: boolean; readonly why: string | null }>)[
      `emergency-${country}`
    ]!;
  };

  const ban = (whom: string) => lab.kamcmd(lab.active!, 'htable.seti', 'banned', `s:${whom}`, '1');

  it('goes over the trunks of the caller’s country, although neither the tenant nor the trunk may have calls', async () => {
    const { status, at } = await call('anna', anna, `sip:112@${domain}`);
    expect(status).toBe(200);
    const [text] = at(psap);
    expect(text).toMatch(/^INVITE sip:112@192\.0\.2\.41/);
    expect(headerOf(text!, 'Priority')).toBe('emergency');
    expect(headerOf(text!, 'P-Asserted-Identity')).toMatch(/^<sip:\+4930555401@/);
    expect(at(carrier)).toEqual([]);
    expect(statusOf((await call('anna', anna, `sip:+4989700700@${domain}`)).answer)).toBe(486);
  });

  it('brings the location of the caller’s site, beside the description', async () => {
    const { at } = await call('anna', anna, `sip:112@${domain}`);
    const [text] = at(psap);
    const [, id] = /^Geolocation: <cid:([^>]+)>/m.exec(text!)!;
    expect(text).toContain(`Content-ID: <${id}>`);
    expect(headerOf(text!, 'Content-Type')).toMatch(/^multipart\/mixed;/);
    expect(text).toContain('<ca:country>DE</ca:country><ca:A3>Berlin</ca:A3><ca:RD>Unter den Linden</ca:RD>');
    expect(text).toContain('<gml:pos>52.5170 13.3889</gml:pos>');
    // By the relay, as any call.
    expect(text).not.toContain('203.0.113.50');
  });

  it('is a service where the carriers want one, with the number and the place of the site', async () => {
    const { status, at } = await call('bert', bert, `sip:999@${domain}`);
    expect(status).toBe(200);
    const [text] = at(british);
    expect(text).toMatch(/^INVITE urn:service:sos SIP/);
    expect(headerOf(text!, 'Geolocation')).toBe('<https://places.example.com/london>');
    expect(headerOf(text!, 'P-Asserted-Identity')).toMatch(/^<sip:\+442075550100@/);
  });

  it('by a service (RFC 5031) is the number where the carriers want one', async () => {
    const { status, at } = await call('anna', anna, 'urn:service:sos.police');
    expect(status).toBe(200);
    expect(at(psap)[0]).toMatch(/^INVITE sip:110@192\.0\.2\.41/);
  });

  it('is dialled as tel:, too, whichever country a phone puts beside the number', async () => {
    for (const uri of ['tel:112', 'tel:112;phone-context=+49']) {
      const { status, at } = await call('anna', anna, uri);
      expect(status).toBe(200);
      expect(at(psap)[0]).toMatch(/^INVITE sip:112@192\.0\.2\.41/);
    }
  });

  it('is none where the number is not of the caller’s country', async () => {
    const { at } = await call('bert', bert, `sip:110@${domain}`);
    expect([...at(psap), ...at(british)]).toEqual([]);
  });

  it('goes whatever domain it is dialled at, and whoever the phone says that it is, once it has logged in', async () => {
    const { status, at } = await call('anna', anna, 'sip:112@192.0.2.99', { user: `sip:desk-7@${domain}` });
    expect(status).toBe(200);
    expect(headerOf(at(psap)[0]!, 'P-Asserted-Identity')).toMatch(/^<sip:\+4930555401@/);
  });

  it('excuses no caller who dials what is an emergency number only elsewhere', async () => {
    const forged = await call('anna', anna, `sip:999@${domain}`, { user: `sip:boss@${domain}` });
    expect(forged.answer).toMatch(/^SIP\/2\.0 403 Not Your Address/);
    expect(statusOf((await call('anna', anna, 'sip:999@elsewhere.example')).answer)).toBe(403);
    // The tenant may have no calls.
    expect(statusOf((await call('anna', anna, `sip:999@${domain}`)).answer)).toBe(486);
  });

  it('is not taken from somebody who does not log in', async () => {
    const { at, status } = await call('mallory', anna, `sip:112@${domain}`);
    expect(status).toBe(407);
    expect(at(psap)).toEqual([]);
  });

  it('shows who calls even if the caller hides it', async () => {
    const { at } = await call('anna', anna, `sip:112@${domain}`, { headers: ['Privacy: id'] });
    expect(headerOf(at(psap)[0]!, 'From')).toMatch(/\+4930555401@/);
    expect(headerOf(at(psap)[0]!, 'Privacy')).toBeUndefined();
  });

  it('goes on to the next trunk whatever the first one says, and fails with an alarm when none takes it', async () => {
    raw.answer(psap, { status: 486 });
    const first = await call('anna', anna, `sip:112@${domain}`);
    expect(first.status).toBe(200);
    expect(first.at(secondPsap)).toHaveLength(1);
    raw.answer(secondPsap, { status: 603 });
    const failed = await lab.metric('emergency_failed_total');
    const second = await call('anna', anna, `sip:112@${domain}`);
    expect(second.status).toBeGreaterThanOrEqual(400);
    expect(second.at(psap)).toHaveLength(2);
    expect(await lab.metric('emergency_failed_total')).toBe(failed + 1);
  });

  it('passes the ban of its user and of its source', async () => {
    await ban(`${carol.split(':')[0]}|carol@${domain}`);
    await ban(carol.split(':')[0]!);
    const { status } = await call('carol', carol, `sip:112@${domain}`);
    expect(status).toBe(200);
  });

  it('passes the ban of its user only now and then: nobody guesses passwords by it', async () => {
    const uri = `sip:112@${domain}`;
    await ban(`${noisy.split(':')[0]}|dora@${domain}`);
    const statuses: number[] = [];
    for (let n = 0; n < 5; n++) {
      const invite: RawRequest = {
        ...{ from: noisy, user: `sip:dora@${domain}`, uri, method: 'INVITE', callId: raw.newCallId() },
      };
      const signature = { name: 'dora', password: 'a guess', method: 'INVITE', uri };
      const headers = [signed(await raw.ask(invite), signature)];
      statuses.push(statusOf(await raw.ask({ ...invite, cseq: 2, headers })));
    }
    expect(statuses).toEqual([407, 407, 407, 503, 503]);
    expect((await call('dora', dora, uri)).status).toBe(200);
  });

  it('passes the ban of its source however many INVITEs another banned source sends', async () => {
    const invites = Array.from({ length: 150 }, (): RawRequest => ({
      ...{ from: noisy, user: `sip:dora@${domain}`, uri: `sip:112@${domain}`, method: 'INVITE' },
      callId: raw.newCallId(),
    }));
    for (const source of [noisy, dora]) await ban(source.split(':')[0]!);
    for (const invite of invites) raw.send(invite);
    const { status, callId } = await call('dora', dora, `sip:112@${domain}`);
    expect(status).toBe(200);
    expect(invites.filter((invite) => raw.answersTo(invite).length > 0).length).toBeLessThanOrEqual(6);
    // With Call-ID, tag and number of the call.
    const register: RawRequest = {
      ...{ from: dora, user: `sip:dora@${domain}`, uri: `sip:${domain}`, method: 'REGISTER', callId, cseq: 2 },
    };
    const dropped = await lab.metric('dropped_total', 'banned');
    raw.send(register);
    await until(async () => (await lab.metric('dropped_total', 'banned')) > dropped, 5);
    expect(raw.answersTo(register)).toEqual([]);
    for (const source of [noisy, dora]) {
      await lab.kamcmd(lab.active!, 'htable.delete', 'banned', `s:${source.split(':')[0]}`);
    }
  });

  it('can be given up by a banned source', async () => {
    raw.answer(british, { status: 0, first: [180] });
    await ban(bert.split(':')[0]!);
    const uri = `sip:112@${domain}`;
    const first: RawRequest = {
      from: bert,
      user: `sip:bert@${domain}`,
      uri,
      method: 'INVITE',
      callId: raw.newCallId(),
    };
    const headers = [signed(await raw.ask(first), { name: 'bert', method: 'INVITE', uri })];
    const invite: RawRequest = { ...first, cseq: 2, headers };
    raw.send(invite);
    await until(() => raw.received.some(({ at, text }) => at === bert && /^SIP\/2\.0 180[^]*CSeq: 2 /.test(text)));
    raw.sendText(
      bert,
      rawText(invite)
        .replace(/^INVITE/, 'CANCEL')
        .replace('CSeq: 2 INVITE', 'CSeq: 2 CANCEL'),
    );
    await until(() => raw.answersTo(invite).length > 0);
    expect(statusOf(raw.answersTo(invite)[0]!.text)).toBe(487);
    await lab.kamcmd(lab.active!, 'htable.delete', 'banned', `s:${bert.split(':')[0]}`);
  });

  it('takes a drained relay', async () => {
    for (const number of ['1', '2']) await lab.kamcmd(lab.active!, 'htable.seti', 'drains', `s:${number}`, '1');
    const { status, at } = await call('anna', anna, `sip:112@${domain}`);
    for (const number of ['1', '2']) await lab.kamcmd(lab.active!, 'htable.delete', 'drains', `s:${number}`);
    expect(status).toBe(200);
    expect(at(psap)[0]).not.toContain('203.0.113.50');
  });

  it('counts in the record as any call', async () => {
    const { callId } = await call('anna', anna, `sip:112@${domain}`);
    await until(async () => (await lab.records()).some((event) => event.call === callId && event.event === 'start'));
    const events = (await lab.records()).filter((event) => event.call === callId);
    expect(events[0]).toMatchObject({ kind: 'out', trunk: 'psap', to: '112' });
  });

  it('is tested by the probe of the active SBC, with what the route has for that, and nobody counts it', async () => {
    const seen = raw.received.length;
    const emergencies = await lab.metric('emergency_calls_total');
    expect(await test('DE')).toMatchObject({ good: true, why: null });
    expect(raw.invitesAt(psap, seen).at(-1)).toMatch(/^INVITE sip:19900@192\.0\.2\.41/);
    expect(await test('GB')).toMatchObject({ good: true, why: null });
    expect(raw.invitesAt(british, seen).at(-1)).toMatch(/^INVITE urn:service:test\.sos SIP/);
    raw.answer(british, { status: 403 });
    expect(await test('GB')).toMatchObject({ good: false, why: 'its test call is refused: 403 Said' });
    expect(await lab.metric('emergency_calls_total')).toBe(emergencies);
    expect(await lab.metric('emergency_failed_total')).toBe(1);
  });

  it('is tested over a trunk that asks for the cell’s account', async () => {
    const seen = raw.received.length;
    expect(await test('AT')).toMatchObject({ good: true, why: null });
    expect(headerOf(raw.invitesAt(asking, seen).at(-1)!, 'Proxy-Authorization')).toContain(
      `username="${account.user}"`,
    );
    // Each with the number of the INVITE that had the credentials, or a later one.
    const numbered = raw.received
      .slice(seen)
      .filter(({ at, text }) => at === asking && /^(ACK|BYE) /.test(text))
      .map(({ text }) => headerOf(text, 'CSeq'));
    const invited = Number(headerOf(raw.invitesAt(asking, seen).at(-1)!, 'CSeq')!.split(' ')[0]);
    expect(numbered).toContain(`${invited} ACK`);
    expect(numbered).toContain(`${invited + 1} BYE`);
    raw.answer(asking, { status: 403 });
    expect(await test('AT')).toMatchObject({ good: false, why: 'its test call is refused: 403 Said' });
  });

  it('is an alarm before anybody calls where no trunk of a country has answered for half a minute', async () => {
    // Nobody is there, and it was asked before.
    await lab.kamcmd(lab.active!, 'htable.seti', 'unanswered', 's:french', '3');
    await until(async () => (await lab.metric('emergency_route_up', 'FR')) === 0, 15);
    expect(await lab.metric('emergency_route_up')).toBe(3);
    expect(await lab.metric('emergency_routes_down')).toBe(1);
  });

  it('goes without a relay where none answers, as an alarm says', async () => {
    const signal = (what: string) =>
      Promise.all(lab.cell.media.map(({ name }) => lab.run(name, 'pkill', `-${what}`, 'rtpengine')));
    await signal('STOP');
    try {
      const { status, answer, at } = await call('carol', carol, `sip:112@${domain}`);
      expect(status).toBe(200);
      expect(at(psap)[0]).toContain('c=IN IP4 203.0.113.50');
      expect(answer).toContain('c=IN IP4 192.0.2.41');
      expect(await lab.metric('emergency_without_relay_total')).toBe(1);
    } finally {
      await signal('CONT');
    }
  });
});
