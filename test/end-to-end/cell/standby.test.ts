/** What the other SBC knows: of what has just happened, of calls that ended while it was frozen, of calls that ring, of records that wait. */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AgentsProcess } from '../../../lib/user-agent/agents-process.ts';
import type { CallScenario, CallSteps } from '../../../lib/user-agent/scenario.ts';
import type { CallResult } from '../../../lib/user-agent/call-result.ts';
import { callKamailio } from '../../../lib/targets/local/cell-data.ts';
import { killHost, status, up } from '../../../lib/targets/local/index.ts';
import { requireState } from '../../../lib/targets/local/state.ts';
import { callFields, type sideFields } from '../../../lib/software/kamailio/sbc/call-entry.ts';
import { internalPorts } from '../../../lib/fleet/schema/fixed.ts';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import { describeWith } from '../../requirements.ts';
import { acmeCell, anna, bert, carrier, fromCarrier, toCarrier, withinTenant } from '../lab/acme.ts';
import { failuresOf, Lab, labCell, type SipTrace, until } from '../lab/lab.ts';
import { invite, RawParties, sdp, sdpContent } from '../lab/raw-parties.ts';

const input = {
  ...acmeCell('lab-standby', '10.81.16.0/20'),
  trunks: [{ ...carrier }, { name: 'carrier-b', address: '192.0.2.11' }],
} satisfies CellInput;

describeWith(['root', 'debian-packages'], 'the standby', () => {
  let lab: Lab;
  let agents: AgentsProcess;
  let kinds: CallScenario[];
  let onSip: (message: SipTrace) => void = () => undefined;

  beforeAll(async () => {
    lab = await Lab.up(input);
    await lab.addUsers([anna, bert]);
    agents = await lab.agents([lab.user(anna), lab.user(bert), lab.carrier(carrier.name, carrier.address)], (message) =>
      onSip(message),
    );
    kinds = [withinTenant, toCarrier, fromCarrier(lab.floating)];
  });
  afterAll(() => lab?.down());

  const other = (sbc: string) => lab.cell.sbcs.find(({ name }) => name !== sbc)!.name;
  const isSynced = async (sbc: string) =>
    /value: 1/.test(await lab.kamcmd(sbc, 'pv.shvGet', 'synced').catch(() => '')) &&
    /value: 1/.test(await lab.kamcmd(other(sbc), 'pv.shvGet', 'synced').catch(() => ''));
  const bothUp = async () => {
    await up(labCell(input));
    // Two that start at the same moment find each other by a ping, which comes every 10 s.
    await until(() => isSynced('sbc-1'), 60);
  };
  const nothingIsLeft = async () => {
    for (const { name } of lab.cell.sbcs) await until(async () => Object.keys(await lab.load(name)).length === 0);
    for (const { name } of lab.cell.media) await until(async () => (await lab.relayed(name)) === 0);
  };
  /** One start and one end of each answered call, in this order. */
  const everyCallHasItsRecords = async (results: readonly CallResult[], reason = 'hung_up') => {
    const records = await lab.recordsOf(results);
    for (const { callId, answered } of results) {
      const events = records.get(callId)!;
      expect(events.map((event) => [event.event, event.reason])).toEqual([
        ...(answered ? [['start', undefined]] : []),
        ['end', answered ? reason : 'cancelled'],
      ]);
    }
    return records;
  };
  const steps = (talk: number): CallSteps => [
    { step: 'ring', seconds: 0 },
    { step: 'answer' },
    { step: 'talk', seconds: talk },
    { step: 'bye', by: 'caller' },
  ];

  /** Kills an SBC's Kamailio. @returns once it is ready again */
  const restartKamailio = async (sbc: string) => {
    const service = () =>
      status(input.name)
        .hosts.find(({ name }) => name === sbc)!
        .services.find(({ name }) => name === 'kamailio')!;
    const before = service().starts;
    await lab.run(sbc, 'pkill', '-KILL', 'kamailio');
    await until(() => service().starts > before && service().state === 'ready', 60);
  };

  it('is ready when it knows all registrations and calls again: both SBCs restart in turn, and nothing is lost', async () => {
    await bothUp();
    const phones = 3000;
    const registrations = Array.from({ length: phones }, (_, index) => ({
      method: 'ul.add',
      params: ['location', `away-${index}@acme.example.com`, `sip:a@198.51.100.3:${index}`, 600, 1, '.', 0, 0, 0],
    }));
    const first = lab.active!;
    await callKamailio(requireState(input.name), first, registrations);
    const contacts = await lab.metric('contacts');
    expect(contacts).toBeGreaterThan(phones);
    let paused = 0;
    const hold: CallSteps = [
      { step: 'ring', seconds: 0 },
      { step: 'answer' },
      { step: 'pause', name: 'restarted' },
      { step: 'talk', seconds: 0.2 },
      { step: 'bye', by: 'callee' },
    ];
    const run = agents.startRun(
      { kinds: kinds.map((kind) => ({ ...kind, steps: hold })), calls: 6, ratePerSecond: 20, patienceSeconds: 20 },
      { onPaused: () => paused++ },
    );
    await until(() => paused === 6, 20);
    const load = { 't:acme': 6, 'k:carrier-a': 4, 'm:1': 3, 'm:2': 3 };
    for (const sbc of [other(first), first]) {
      const killedAt = Date.now();
      await restartKamailio(sbc);
      console.log(`${sbc} was ready ${Date.now() - killedAt} ms after its death`);
      expect({ sbc, load: await lab.load(sbc), contacts: await lab.metric('contacts', '', sbc) }).toEqual({
        ...{ sbc, load, contacts },
      });
    }
    expect(lab.active).toBe(other(first));
    run.resume('restarted');
    const { results } = await run.finished;
    expect(failuresOf(results)).toEqual([]);
    await everyCallHasItsRecords(results);
    await nothingIsLeft();
    expect(failuresOf((await agents.run({ kinds, calls: 3, talkSeconds: 0.2 })).results)).toEqual([]);
  });

  it('is not waited for when it is dead: the other SBC restarts and takes calls from phones that register again', async () => {
    await bothUp();
    const active = lab.active!;
    killHost(input.name, other(active));
    const killedAt = Date.now();
    await restartKamailio(active);
    await until(() => lab.active === active, 20);
    console.log(`${active} was active again ${Date.now() - killedAt} ms after both had died`);
    await Promise.all(['anna', 'bert'].map(async (name) => expect(await agents.register(name)).toBe(200)));
    expect(failuresOf((await agents.run({ kinds, calls: 3, talkSeconds: 0.2 })).results)).toEqual([]);
  });

  it.each(['active', 'standby'] as const)(
    'frozen as the %s, learns which calls have ended: none comes back, and no record is doubled',
    async (role) => {
      await bothUp();
      const active = lab.active!;
      const frozen = role === 'active' ? active : other(active);
      let paused = 0;
      const hold: CallSteps = [
        { step: 'ring', seconds: 0 },
        { step: 'answer' },
        { step: 'pause', name: 'frozen' },
        { step: 'talk', seconds: 0.2 },
        { step: 'bye', by: 'caller' },
      ];
      const run = agents.startRun(
        { kinds: kinds.map((kind) => ({ ...kind, steps: hold })), calls: 12, ratePerSecond: 20, patienceSeconds: 20 },
        { onPaused: () => paused++ },
      );
      await until(() => paused === 12, 20);
      await sleep(200);
      await lab.run(frozen, 'pkill', '-STOP', 'kamailio');
      await until(() => lab.active === other(frozen), 20);
      await sleep(4000);
      const endedAt = Date.now() / 1000;
      run.resume('frozen');
      const { results } = await run.finished;
      expect(failuresOf(results)).toEqual([]);
      // A call that begins while it is frozen, and one that goes on.
      const [younger] = (await agents.run({ kinds: [kinds[0]!], calls: 1, talkSeconds: 0.5 })).results;
      await lab.run(frozen, 'pkill', '-CONT', 'kamailio');
      // Two that start at the same moment find each other by a ping, which comes every 10 s.
      await until(() => isSynced('sbc-1'), 60);
      await sleep(2000);
      await nothingIsLeft();
      await sleep(3000);
      await nothingIsLeft();
      const records = await everyCallHasItsRecords([...results, younger!]);
      for (const { callId } of results) {
        expect(Math.abs(records.get(callId)!.at(-1)!.ended! - endedAt)).toBeLessThan(3);
      }
    },
  );

  it.each([
    ['answer', /^SIP\/2\.0 200 [^]*^CSeq: \d+ INVITE/m],
    ['end', /^BYE /],
  ] as const)('knows of the %s that the active SBC has handled in the moment of its death', async (_, sign) => {
    await bothUp();
    const active = lab.active!;
    let seen = 0;
    onSip = ({ direction, text }) => {
      if (direction === 'received' && sign.test(text) && ++seen === 8) killHost(input.name, active);
    };
    const { results } = await agents.run({
      kinds: kinds.map((kind) => ({ ...kind, steps: steps(0.5) })),
      calls: 15,
      ratePerSecond: 10,
      audio: false,
      patienceSeconds: 20,
    });
    onSip = () => undefined;
    expect(lab.active).toBe(other(active));
    await everyCallHasItsRecords(results);
    await until(async () => Object.keys(await lab.load()).length === 0);
  });

  it('brings a CANCEL to the phone that rings, and its answer to the caller, when the active SBC has died', async () => {
    await bothUp();
    const active = lab.active!;
    let paused = 0;
    const giveUp: CallSteps = [{ step: 'ring', seconds: 0 }, { step: 'pause', name: 'ringing' }, { step: 'cancel' }];
    const run = agents.startRun(
      { kinds: kinds.map((kind) => ({ ...kind, steps: giveUp })), calls: 9, ratePerSecond: 20, patienceSeconds: 10 },
      { onPaused: () => paused++ },
    );
    await until(() => paused === 9, 20);
    await sleep(200);
    killHost(input.name, active);
    await until(() => lab.active === other(active), 20);
    await sleep(1000);
    run.resume('ringing');
    const { results } = await run.finished;
    expect(failuresOf(results)).toEqual([]);
    expect(results.map(({ status }) => status)).toEqual(Array(9).fill(487));
    await until(async () => Object.keys(await lab.load()).length === 0);
    for (const { name } of lab.cell.media) await until(async () => (await lab.relayed(name)) === 0);
    await everyCallHasItsRecords(results);
  });

  it('delivers the records that the active SBC could not: Redis is frozen, and then that SBC dies', async () => {
    await bothUp();
    const active = lab.active!;
    await lab.run('redis-1', 'pkill', '-STOP', 'redis-server');
    const run = agents.startRun({
      kinds: kinds.map((kind) => ({ ...kind, steps: steps(0.3) })),
      calls: 20,
      ratePerSecond: 20,
    });
    const { results } = await run.finished;
    expect(failuresOf(results)).toEqual([]);
    await sleep(500);
    killHost(input.name, active);
    await until(() => lab.active === other(active), 20);
    await sleep(1000);
    await lab.run('redis-1', 'pkill', '-CONT', 'redis-server');
    await everyCallHasItsRecords(results);
  });

  it('learns when it thaws which records wait, and delivers them when the active SBC dies', async () => {
    await bothUp();
    const active = lab.active!;
    await lab.run(other(active), 'pkill', '-STOP', 'kamailio');
    await lab.run('redis-1', 'pkill', '-STOP', 'redis-server');
    // From here on the active one tells it nothing.
    await sleep(4000);
    const { results } = await agents.run({
      kinds: kinds.map((kind) => ({ ...kind, steps: steps(0.2) })),
      calls: 12,
      ratePerSecond: 20,
    });
    expect(failuresOf(results)).toEqual([]);
    await lab.run(other(active), 'pkill', '-CONT', 'kamailio');
    await until(() => isSynced(active), 30);
    await sleep(500);
    killHost(input.name, active);
    await lab.run('redis-1', 'pkill', '-CONT', 'redis-server');
    await until(() => lab.active === other(active), 20);
    await everyCallHasItsRecords(results);
  });

  it('takes over a call that the active SBC had admitted but not yet forwarded when it died', async () => {
    await bothUp();
    const active = lab.cell.sbcs.find(({ name }) => name === lab.active)!;
    const standby = lab.cell.sbcs.find(({ name }) => name !== active.name)!;
    const carrier = '192.0.2.11:5060';
    const raw = await RawParties.open(input.name, [carrier]);
    try {
      const callId = raw.newCallId();
      const id = createHash('md5').update(`${callId}|a${callId}|1`).digest('hex').slice(0, 20);
      // What the active SBC tells of a call that it lets in, and no more.
      const entry: Partial<Record<(typeof callFields)[number], string>> = {
        ...{ tenant: 'acme', trunk: 'carrier-b', media: '1', kind: 'in', from: '+49301', to: '+4930123457' },
        ...{ invited: `${Date.now() / 1000}`, callId, cseq: '1', longest: '14400', oneSided: '300', leg: '' },
      };
      const side: Omit<Record<(typeof sideFields)[number], string>, 'ahead'> = {
        ...{ tag: `a${callId}`, peer: `udp:${carrier}`, hop: '192.0.2.11', leg: '' },
        ...{ target: `sip:raw@${carrier}`, routes: '' },
      };
      const fields = callFields.slice(0, callFields.indexOf('answeredBy')).map((name) => entry[name]);
      const told = [
        ...[
          'PUBLISH sip:calls SIP/2.0',
          `v: SIP/2.0/UDP ${active.address};branch=0`,
          'f: <sip:calls>',
          't: <sip:calls>',
        ],
        ...['i: 0', 'CSeq: 1 PUBLISH', '', `p${id}|${Object.values(side).join('|')}\n+${id}|${fields.join('|')}\n`],
      ].join('\r\n');
      const send = `printf %s "$1" | dd bs=4096 iflag=fullblock status=none >/dev/udp/${standby.address}/${internalPorts.sbcReplication}`;
      await lab.run(active.name, 'bash', '-c', send, 'send', told);
      await until(async () => (await lab.load(standby.name))['k:carrier-b'] === 1);
      killHost(input.name, active.name);
      await until(() => lab.active === standby.name, 20);
      await sleep(500);
      const offer = sdpContent(sdp('192.0.2.11', 30_000));
      raw.send(
        carrier,
        `${lab.floating}:5060`,
        invite(carrier, `sip:+4930123457@${lab.floating}`, `sip:+49301@${carrier}`, callId, offer),
      );
      // It is none of a run's: bert refuses it.
      await raw.message(carrier, callId, 'SIP/2.0 480');
      await until(async () => Object.keys(await lab.load()).length === 0);
    } finally {
      await raw.close();
    }
  });

  it('lets a call end that neither knows because both have restarted, and its audio with it', async () => {
    await bothUp();
    let paused = 0;
    const hold: CallSteps = [
      { step: 'ring', seconds: 0 },
      { step: 'answer' },
      { step: 'pause', name: 'restarted' },
      { step: 'bye', by: 'callee' },
    ];
    const run = agents.startRun(
      { kinds: kinds.map((kind) => ({ ...kind, steps: hold })), calls: 3, ratePerSecond: 20, patienceSeconds: 20 },
      { onPaused: () => paused++ },
    );
    await until(() => paused === 3, 20);
    for (const { name } of lab.cell.sbcs) killHost(input.name, name);
    await until(() => lab.cell.sbcs.every(({ name }) => !lab.isUp(name)));
    await bothUp();
    run.resume('restarted');
    const { results } = await run.finished;
    expect(failuresOf(results)).toEqual([]);
    // A relay that gave no answer to a BYE's release is asked again each second.
    for (const { name } of lab.cell.media) await until(async () => (await lab.relayed(name)) === 0);
    // Registrations come back with the phones' next ones.
    await Promise.all(['anna', 'bert'].map(async (name) => expect(await agents.register(name)).toBe(200)));
    expect(failuresOf((await agents.run({ kinds, calls: 3, talkSeconds: 0.2 })).results)).toEqual([]);
  });
});
