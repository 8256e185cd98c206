/** Log-ins: a digest is good once and for its URI, and whoever guesses is stopped, while an office with an old password is not. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AgentsProcess } from '../../../lib/user-agent/agents-process.ts';
import { killHost, logs, up } from '../../../lib/targets/local/index.ts';
import { failedLogIns } from '../../../lib/software/kamailio/sbc/screen.ts';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import { describeWith } from '../../requirements.ts';
import { leave } from '../lab/companion.ts';
import { failuresOf, Lab, labCell, type LabUser, type SipTrace, until } from '../lab/lab.ts';
import { isStale, RawPhones, retryAfterOf, signed, statusOf, type RawRequest } from '../lab/raw-phones.ts';

const banSeconds = 10;
const input = {
  name: 'lab-log-ins',
  region: 'eu-west-1',
  local: {},
  size: 'test',
  network: '10.80.128.0/20',
  media: { hosts: 1, kernelForwarding: 'preferred' },
  sbc: { flood: { requestsPerSecond: 500, banSeconds } },
  trunks: [{ name: 'carrier-a', address: '192.0.2.10' }],
  tenants: [
    {
      name: 'acme',
      domain: 'acme.example.com',
      dids: { '+4930123457': 'bert' },
      limits: { calls: 100, callsPerSecond: 100, burst: 100 },
    },
  ],
} satisfies CellInput;
const domain = 'acme.example.com';

/** An office behind one address. */
const office = '198.51.100.20';
const anna: LabUser = { name: 'anna', tenant: 'acme', address: office };
const bert: LabUser = { name: 'bert', tenant: 'acme', address: office };
/** Phones that are made here, each registering from an address of its own. */
const phone = '203.0.113.71:5060';
const attacker = '203.0.113.72:5060';
const guesser = '203.0.113.73:5060';
const collector = '203.0.113.74:5060';
const forger = '203.0.113.75:5060';
const elsewhere = '203.0.113.76:5060';
const call = '203.0.113.77:5060';
/** A desk phone in the office. */
const desk = `${office}:5070`;
const bigOffice = '203.0.113.78:5060';
const slow = '203.0.113.79:5060';

const names = (prefix: string, count: number) => Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
const staff = names('staff', 2 * failedLogIns.users + 5);

describeWith(['root', 'debian-packages'], 'log-ins', () => {
  let lab: Lab;
  let agents: AgentsProcess;
  let raw: RawPhones;
  const traced: SipTrace[] = [];
  /** Log-ins that fail every few seconds, beside all that the other tests do. */
  let failedSlowly: Promise<readonly PromiseSettledResult<readonly number[]>[]>;

  beforeAll(async () => {
    lab = await Lab.up(input);
    const others = ['phone', 'cora', 'dora', 'emil', 'fritz', 'greta', ...staff];
    await lab.addUsers([anna, bert, ...others.map((name) => ({ name, tenant: 'acme', address: '' }))]);
    agents = await lab.agents([lab.user(anna), lab.user(bert), lab.carrier('carrier-a', '192.0.2.10')], (message) =>
      traced.push(message),
    );
    raw = await RawPhones.open(lab, [
      ...[phone, attacker, guesser, collector, forger, elsewhere, call, desk, bigOffice, slow],
    ]);
    failedSlowly = Promise.allSettled([failSlowly()]);
  });
  afterAll(() => leave(lab, raw));

  const errorsOf = (sbc: string) =>
    logs(input.name, sbc)
      ['kamailio']!.split('\n')
      .filter((line) => /ERROR|CRITICAL|ALERT|BUG/.test(line));
  const contactsOf = async (name: string) => {
    const text = await lab.kamcmd(lab.active!, 'ul.lookup', 'location', `s:${name}@${domain}`).catch(() => '');
    return [...text.matchAll(/Address: (\S+)/g)].map(([, address]) => address!);
  };
  /** Of a table of numbers; undefined where there is none. */
  const entry = async (table: string, key: string) => {
    const [, value] = /value: (-?\d+)/.exec(await lab.kamcmd(lab.active!, 'htable.get', table, `s:${key}`)) ?? [];
    return value === undefined ? undefined : Number(value);
  };
  const invite = (from: string, number: string, more: Partial<RawRequest> = {}): RawRequest => ({
    ...{ from, method: 'INVITE', user: `sip:phone@${domain}`, uri: `sip:${number}@${domain}` },
    ...{ callId: raw.newCallId(), ...more },
  });
  const isBanned = async (key: string) => (await entry('banned', key)) === 1;

  it('that are as usual leave no error in the log, nor do calls', async () => {
    expect(statusOf(await raw.register('phone', phone))).toBe(200);
    const kinds = [
      { name: 'user to user', caller: 'anna', callee: 'bert', dial: `sip:bert@${domain}` },
      { name: 'carrier out', caller: 'anna', callee: 'carrier-a', dial: `sip:+4989700700@${domain}` },
    ];
    const { results } = await agents.run({ kinds, calls: 4, ratePerSecond: 4, talkSeconds: 1 });
    expect(failuresOf(results)).toEqual([]);
    for (const { name } of lab.cell.sbcs) expect({ name, errors: errorsOf(name) }).toEqual({ name, errors: [] });
  });

  it('use a digest once: a captured REGISTER gets a new challenge, a repetition of the same the same answer', async () => {
    const { request, challenge } = await raw.challenged('phone', phone);
    const headers = [signed(challenge, { name: 'phone', method: 'REGISTER', uri: request.uri })];
    const own = { ...request, cseq: 2, headers };
    expect(statusOf(await raw.ask(own))).toBe(200);
    expect(statusOf(await raw.ask(own))).toBe(200);
    const before = await contactsOf('phone');
    const stolen = await raw.ask({ ...request, from: attacker, callId: raw.newCallId(), headers });
    expect([statusOf(stolen), isStale(stolen)]).toEqual([401, true]);
    expect(await contactsOf('phone')).toEqual(before);
    expect(before.join()).not.toContain(attacker.split(':')[0]);
  });

  it('take each count of a nonce once, in order', async () => {
    const { request, challenge } = await raw.challenged('phone', phone);
    const counted = (nonceCount: number, cseq: number) =>
      raw.ask({
        ...{ ...request, callId: raw.newCallId(), cseq },
        headers: [signed(challenge, { name: 'phone', method: 'REGISTER', uri: request.uri, nonceCount })],
      });
    expect(statusOf(await counted(1, 10))).toBe(200);
    expect(statusOf(await counted(2, 11))).toBe(200);
    expect(statusOf(await counted(200, 12))).toBe(200);
    for (const used of [200, 2, 1]) {
      const answer = await counted(used, 13);
      expect([statusOf(answer), isStale(answer)]).toEqual([401, true]);
    }
  });

  it('of phones that do not count are challenged every time, and work', async () => {
    const { request, challenge } = await raw.challenged('phone', phone);
    const signature = { name: 'phone', method: 'REGISTER', uri: request.uri, qop: false };
    const headers = [signed(challenge, signature)];
    expect(statusOf(await raw.ask({ ...request, cseq: 2, headers }))).toBe(200);
    const again = await raw.ask({ ...request, cseq: 3, headers });
    expect([statusOf(again), isStale(again)]).toEqual([401, true]);
    expect(statusOf(await raw.ask({ ...request, cseq: 4, headers: [signed(again, signature)] }))).toBe(200);
  });

  it('use a digest once: a captured INVITE calls nobody, with the same number or another one, from anywhere', async () => {
    traced.length = 0;
    const kinds = [{ name: 'captured', caller: 'anna', callee: 'carrier-a', dial: `sip:+4989700700@${domain}` }];
    const { results } = await agents.run({ kinds, calls: 1, talkSeconds: 0.5 });
    expect(failuresOf(results)).toEqual([]);
    const sent = traced.find(
      ({ agent, direction, text }) =>
        agent === 'anna' && direction === 'sent' && /^INVITE [^]*^Proxy-Authorization: /m.test(text),
    )!;
    const headers = [/^Proxy-Authorization: .*(?=\r$)/m.exec(sent.text)![0]];
    traced.length = 0;
    const user = `sip:anna@${domain}`;
    for (const from of [attacker, desk]) {
      const same = await raw.ask(invite(from, '+4989700700', { user, headers }));
      expect([statusOf(same), isStale(same)]).toEqual([407, true]);
      expect(statusOf(await raw.ask(invite(from, '+4989700701', { user, headers })))).toBe(400);
    }
    expect(traced.filter(({ direction, text }) => direction === 'received' && text.startsWith('INVITE '))).toEqual([]);
    expect(await entry('failing_users', attacker.split(':')[0]!)).toBeUndefined();
  });

  it('take a digest for its own number only, even one that was not used', async () => {
    const asked = invite(attacker, '+4989700700');
    const challenge = await raw.ask(asked);
    const headers = [signed(challenge, { name: 'phone', method: 'INVITE', uri: asked.uri })];
    for (const number of ['+4989700701', 'bert', '%2B4989700701'])
      expect(statusOf(await raw.ask({ ...invite(attacker, number), headers }))).toBe(400);
    expect(await lab.metric('rejected_total', 'foreign_digest')).toBeGreaterThanOrEqual(3);
  });

  it('take a digest whose URI is the dialled one in another form', async () => {
    const dialled = 'nobody';
    for (const uri of [
      `sip:${dialled}@${domain}`,
      `sip:${dialled}@${domain.toUpperCase()}:5060;transport=udp`,
      `sip:${dialled}@${lab.floating}`,
      `sip:%6eobody@${domain};user=phone`,
    ]) {
      const request = invite(call, dialled);
      const challenge = await raw.ask(request);
      const headers = [signed(challenge, { name: 'phone', method: 'INVITE', uri })];
      const known = { ...request, cseq: 2, headers };
      // Nobody has this name.
      expect({ uri, status: statusOf(await raw.ask(known)) }).toEqual({ uri, status: 404 });
      // And its repetition the same.
      expect({ uri, status: statusOf(await raw.ask(known)) }).toEqual({ uri, status: 404 });
    }
    const request = invite(call, dialled);
    const challenge = await raw.ask(request);
    const headers = [signed(challenge, { name: 'phone', method: 'INVITE', uri: `sip:${dialled}@evil.example.com` })];
    expect(statusOf(await raw.ask({ ...request, cseq: 2, headers }))).toBe(400);
  });

  it('of a phone with an old password in an office cost the office nothing', async () => {
    for (let n = 0; n < failedLogIns.ofUser + 1; n++) {
      const answer = await raw.register('cora', desk, 'an old password');
      expect({ n, status: statusOf(answer) }).toEqual({ n, status: 401 });
    }
    // Its user is banned at this address, and nobody else.
    const answer = await raw.register('cora', desk, 'an old password');
    expect([statusOf(answer), retryAfterOf(answer)]).toEqual([503, banSeconds]);
    expect(await isBanned(office)).toBe(false);
    expect(statusOf(await raw.register('dora', desk))).toBe(200);
    expect(await agents.register('anna')).toBe(200);
    expect(statusOf(await raw.register('cora', elsewhere))).toBe(200);
    const kinds = [{ name: 'beside it', caller: 'anna', callee: 'bert', dial: `sip:bert@${domain}` }];
    const { results } = await agents.run({ kinds, calls: 2, talkSeconds: 0.5 });
    expect(failuresOf(results)).toEqual([]);
  });

  it('that guess the password of one user are stopped, even if they guess it; the user is not, elsewhere', async () => {
    let tries = 0;
    let answer;
    do {
      answer = await raw.register('emil', guesser, `guess ${++tries}`);
    } while (statusOf(answer) === 401 && tries < 100);
    expect(tries).toBe(failedLogIns.ofUser + 2);
    expect(statusOf(await raw.register('emil', guesser))).toBe(503);
    expect(statusOf(await raw.register('emil', elsewhere))).toBe(200);
    // And may try again when the ban is over.
    await until(async () => !(await isBanned(`${guesser.split(':')[0]}|emil@${domain}`)), banSeconds + 6);
    expect(statusOf(await raw.register('emil', guesser))).toBe(200);
  });

  it('that try one user after the other are stopped, whether there are such users or not; a log-in of their own is no help', async () => {
    expect(statusOf(await raw.register('fritz', collector))).toBe(200);
    const tried = [...staff.slice(0, 10), ...names('nobody', failedLogIns.users - 9)];
    for (const name of tried) {
      expect(await isBanned(collector.split(':')[0]!)).toBe(false);
      expect(statusOf(await raw.register(name, collector, 'password'))).toBe(401);
    }
    expect(await isBanned(collector.split(':')[0]!)).toBe(true);
    const dropped = await lab.metric('dropped_total', 'banned');
    await expect(raw.register('fritz', collector)).rejects.toThrow(/not true within/);
    expect(await lab.metric('dropped_total', 'banned')).toBeGreaterThan(dropped);
  });

  it('of an office where many log in may fail for as many users; a good one excuses its own user only', async () => {
    const good = failedLogIns.users + 5;
    for (const name of staff.slice(0, good)) expect(statusOf(await raw.register(name, bigOffice))).toBe(200);
    const source = bigOffice.split(':')[0]!;
    expect(await entry('good_users', `${source}|${Math.floor(Date.now() / 86_400_000)}`)).toBe(good);
    const bad = staff.slice(good, good + failedLogIns.users);
    for (const name of bad) expect(statusOf(await raw.register(name, bigOffice, 'old'))).toBe(401);
    for (const name of staff.slice(0, 3)) expect(statusOf(await raw.register(name, bigOffice, 'old'))).toBe(401);
    expect(await entry('failing_users', source)).toBe(failedLogIns.users + 3);
    expect(await isBanned(source)).toBe(false);
    expect(statusOf(await raw.register(staff[0]!, bigOffice))).toBe(200);
    expect(await entry('failing_users', source)).toBe(failedLogIns.users + 2);
    expect(await entry('failures', `${source}|${staff[1]}@${domain}`)).toBe(1);
  });

  it('of the day before count for an office when the day has just begun', async () => {
    const source = call.split(':')[0]!;
    const today = Math.floor(Date.now() / 86_400_000);
    await lab.kamcmd(
      lab.active!,
      'htable.seti',
      'good_users',
      `s:${source}|${today - 1}`,
      String(failedLogIns.users + 2),
    );
    const bad = staff.slice(0, failedLogIns.users + 3);
    for (const name of bad.slice(0, -1)) expect(statusOf(await raw.register(name, call, 'old'))).toBe(401);
    expect(await isBanned(source)).toBe(false);
    expect(statusOf(await raw.register(bad.at(-1)!, call, 'old'))).toBe(401);
    expect(await isBanned(source)).toBe(true);
  });

  it('are no failures when nobody has tried a password: with nonces that are made up, nobody is banned', async () => {
    const { request, challenge } = await raw.challenged('phone', forger);
    const made = challenge.replace(/nonce="[^"]*"/, `nonce="${Buffer.alloc(29, 7).toString('base64')}"`);
    for (let n = 0; n < 2 * failedLogIns.ofUser; n++) {
      const name = n % 2 === 0 ? 'phone' : `nobody-${n}`;
      const headers = [signed(made, { name, password: 'x', method: 'REGISTER', uri: request.uri })];
      const answer = await raw.ask({ ...request, callId: raw.newCallId(), cseq: n + 2, headers });
      expect([statusOf(answer), isStale(answer)]).toEqual([401, true]);
    }
    expect(await entry('failing_users', forger.split(':')[0]!)).toBeUndefined();
    expect(statusOf(await raw.register('phone', forger))).toBe(200);
  });

  /** For longer than the window. @returns the answers' statuses */
  async function failSlowly(): Promise<readonly number[]> {
    const started = Date.now();
    const statuses: number[] = [];
    while (Date.now() < started + 1000 * (failedLogIns.userSeconds + 8)) {
      statuses.push(statusOf(await raw.register('greta', slow, 'an old password')));
      await sleep((1000 * failedLogIns.userSeconds) / (failedLogIns.ofUser - 1));
    }
    return statuses;
  }

  it('that fail every few seconds for longer than the window never add up to a ban', async () => {
    const [outcome] = await failedSlowly;
    expect(outcome).toMatchObject({ status: 'fulfilled' });
    const { value: statuses } = outcome as PromiseFulfilledResult<readonly number[]>;
    expect(new Set(statuses)).toEqual(new Set([401]));
    expect(statuses.length).toBeGreaterThan(failedLogIns.ofUser);
    expect(await isBanned(`${slow.split(':')[0]}|greta@${domain}`)).toBe(false);
  });

  it('can not choose where calls go by a Path of their own', async () => {
    const { request, challenge } = await raw.challenged('phone', phone);
    const headers = [
      signed(challenge, { name: 'phone', method: 'REGISTER', uri: request.uri }),
      `Path: <sip:${lab.cell.redis[0]!.address}:6379;lr>`,
      'Supported: path',
    ];
    // Only an edge writes a Path: whoever else has one registers without.
    expect(statusOf(await raw.ask({ ...request, cseq: 2, headers }))).toBe(200);
    const text = await lab.kamcmd(lab.active!, 'ul.lookup', 'location', `s:phone@${domain}`);
    expect(text).not.toContain(lab.cell.redis[0]!.address);
  });

  it('that one SBC has challenged and the other one is answered get a new challenge, which is no failure', async () => {
    const first = lab.active!;
    const { request, challenge } = await raw.challenged('phone', phone);
    const signature = { name: 'phone', method: 'REGISTER', uri: request.uri };
    killHost(input.name, first);
    await until(() => lab.active !== undefined && lab.active !== first);
    const answered = { ...request, cseq: 2, headers: [signed(challenge, signature)] };
    await until(async () => {
      raw.send(answered);
      await sleep(300);
      return raw.answersTo(answered).length > 0;
    });
    const again = raw.answersTo(answered)[0]!.text;
    expect([statusOf(again), isStale(again)]).toEqual([401, true]);
    expect(await lab.metric('rejected_total', 'credentials')).toBe(0);
    expect(await entry('failing_users', phone.split(':')[0]!)).toBeUndefined();
    expect(statusOf(await raw.ask({ ...request, cseq: 3, headers: [signed(again, signature)] }))).toBe(200);
    await up(labCell(input));
  });
});
