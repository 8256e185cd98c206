/** What calls notice of a database, a Redis, relays and FreeSWITCH that are away: nothing, or a clean refusal. */
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AgentsProcess } from '../../../lib/user-agent/agents-process.ts';
import type { CallScenario, CallSteps } from '../../../lib/user-agent/scenario.ts';
import { status } from '../../../lib/targets/local/index.ts';
import { requireState } from '../../../lib/targets/local/state.ts';
import { copyFolder, tablesProgram } from '../../../lib/software/kamailio/sbc/table-copy.ts';
import { describeWith } from '../../requirements.ts';
import { acmeCell, anna, bert, carrier, fromCarrier, toCarrier, withinTenant } from '../lab/acme.ts';
import { failuresOf, Lab, until, type LabUser, type SipTrace } from '../lab/lab.ts';
import { relaysAreHome } from '../lab/relays.ts';

const input = acmeCell('lab-outages', '10.80.48.0/20');
const cora: LabUser = { name: 'cora', tenant: 'acme', address: '198.51.100.13' };
const dora: LabUser = { name: 'dora', tenant: 'acme', address: '198.51.100.14' };

describeWith(['root', 'debian-packages'], 'outages', () => {
  let lab: Lab;
  let agents: AgentsProcess;
  let kinds: CallScenario[];
  const traced: SipTrace[] = [];

  beforeAll(async () => {
    lab = await Lab.up(input);
    await lab.addUsers([anna, bert, cora]);
    agents = await lab.agents([lab.user(anna), lab.user(bert), lab.carrier(carrier.name, carrier.address)], (message) =>
      traced.push(message),
    );
    kinds = [withinTenant, toCarrier, fromCarrier(lab.floating)];
  });
  afterAll(() => lab?.down());

  /** Stops the processes of a name on a host, or lets them go on. */
  const signal = (host: string, program: string, what: 'STOP' | 'CONT') => lab.run(host, 'pkill', `-${what}`, program);

  it('of the database’s tables, locked by somebody, are not noticed by calls, records or registrations of known users', async () => {
    const { pid } = requireState(input.name).namespaces['database-1']!.init;
    const tables = (
      await lab.sql("SELECT string_agg('cellstamp.' || tablename, ', ') FROM pg_tables WHERE schemaname = 'cellstamp'")
    ).trim();
    const enter = ['--target', String(pid), '--net', '--mount', '--pid', '--uts', '--ipc', '--'];
    const locker = spawn('nsenter', [
      ...enter,
      ...['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups', '--'],
      ...['psql', '-h', '/run/postgresql', '-At', 'cellstamp', '-c'],
      `BEGIN; LOCK TABLE ${tables} IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(60);`,
    ]);
    try {
      const locked = "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted";
      await until(async () => Number(await lab.sql(locked)) >= tables.split(', ').length);
      const { results } = await agents.run({ kinds, calls: 9, ratePerSecond: 5, talkSeconds: 1 });
      expect(failuresOf(results)).toEqual([]);
      expect((await lab.recordsOf(results)).size).toBe(9);
      expect(await agents.register('anna')).toBe(200);
      expect(Number(await lab.sql(locked))).toBeGreaterThan(0);
    } finally {
      locker.kill();
      await lab.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%LOCK TABLE%' AND pid <> pg_backend_pid()",
      );
    }
  });

  it('of the whole database are noticed by nobody but users that the SBC has not seen; they are told to come again', async () => {
    await signal('database-1', 'postgres', 'STOP');
    try {
      const running = agents.run({ kinds, calls: 6, ratePerSecond: 3, talkSeconds: 1 });
      const unseen = lab.agents([lab.user(cora)]).then(
        () => 'registered',
        (error: Error) => error.message,
      );
      expect(await agents.register('bert')).toBe(200);
      const { results } = await running;
      expect(failuresOf(results)).toEqual([]);
      expect(await unseen).toMatch(/503/);
    } finally {
      await signal('database-1', 'postgres', 'CONT');
    }
    await until(async () => {
      const late = await lab.agents([lab.user(cora)]).then(
        () => true,
        () => false,
      );
      return late;
    }, 40);
  });

  it('of the database let SBCs restart: they begin with their copy of the tables, and load what is newer when it is back', async () => {
    const first = lab.active!;
    const second = lab.cell.sbcs.find(({ name }) => name !== first)!.name;
    const knows = async (sbc: string, { name }: LabUser) =>
      /value: /.test(await lab.kamcmd(sbc, 'htable.get', 'users', `${name}@acme.example.com`).catch(() => ''));
    for (const sbc of [first, second]) await lab.run(sbc, tablesProgram, 'fetch');
    await signal('database-1', 'postgres', 'STOP');
    try {
      const service = () =>
        status(input.name)
          .hosts.find(({ name }) => name === second)!
          .services.find(({ name }) => name === 'kamailio')!;
      const { starts } = service();
      await lab.run(second, 'pkill', '-KILL', 'kamailio');
      await until(() => service().starts > starts && service().state === 'ready', 60);
      expect(await knows(second, cora)).toBe(true);
      const age = await lab.metric('tables_age_seconds', '', second);
      expect(age).toBeGreaterThan(0);
      expect(age).toBeLessThan(600);
      await lab.run(first, 'pkill', '-KILL', 'kamailio');
      await until(() => lab.active === second, 20);
      expect(await agents.register('bert')).toBe(200);
      const { results } = await agents.run({ kinds, calls: 6, ratePerSecond: 3, talkSeconds: 0.5 });
      expect(failuresOf(results)).toEqual([]);
      // A host that has never had a copy, and one whose copy another release has made.
      const hidden = `mount -t tmpfs none ${copyFolder}`;
      const other = `mount -t tmpfs none /tmp; cp -a ${copyFolder}/. /tmp; ${hidden}; cp -a /tmp/. ${copyFolder}; echo other >${copyFolder}/fetched`;
      for (const copy of [hidden, other]) {
        const start = `${copy}; timeout 5 ${tablesProgram} start 2>&1; echo "status $?"`;
        const said = await lab.run(second, 'unshare', '--mount', 'bash', '-c', start);
        expect(said).toMatch(/no copy of its tables yet: this SBC waits for the database\nstatus 124/);
      }
    } finally {
      await signal('database-1', 'postgres', 'CONT');
    }
    await until(
      () =>
        lab.addUsers([dora]).then(
          () => true,
          () => false,
        ),
      20,
    );
    for (const sbc of [first, second]) await until(() => knows(sbc, dora), 60);
  });

  it('of Redis delay call records, and lose none', async () => {
    await signal('redis-1', 'redis-server', 'STOP');
    let ended;
    try {
      ended = await agents.run({ kinds, calls: 12, ratePerSecond: 6, talkSeconds: 1 });
      expect(failuresOf(ended.results)).toEqual([]);
      await sleep(2000);
    } finally {
      await signal('redis-1', 'redis-server', 'CONT');
    }
    await until(async () => (await lab.metric('records_waiting')) === 0, 30);
    const records = await lab.recordsOf(ended.results);
    for (const { callId } of ended.results) {
      const events = new Set(records.get(callId)!.map(({ event }) => event));
      expect(events).toEqual(new Set(['start', 'end']));
    }
    const queued = await lab.metric('records_total', 'queued');
    expect(await lab.metric('records_total', 'sent')).toBe(queued);
  });

  /** Whether new calls go to both media hosts. */
  const hasBoth = async () => /value: 1:2:/.test(await lab.kamcmd(lab.active!, 'htable.get', 'pools', 'standard'));

  it('of one relay leave calls to the other', async () => {
    await signal('media-1', 'rtpengine', 'STOP');
    try {
      // Meanwhile its relay moves to the neighbour, where a call may begin until the SBC hears of that.
      const { results } = await agents.run({ kinds, calls: 6, ratePerSecond: 2, talkSeconds: 1 });
      expect(failuresOf(results)).toEqual([]);
      await until(async () => !(await hasBoth()), 10);
      const { results: later } = await agents.run({ kinds, calls: 4, ratePerSecond: 4, talkSeconds: 1 });
      expect(failuresOf(later)).toEqual([]);
      expect([...new Set(later.flatMap((call) => lab.mediaHostsOf(call)))]).toEqual(['media-2']);
    } finally {
      await signal('media-1', 'rtpengine', 'CONT');
    }
    await until(hasBoth, 30);
  });

  it('of every relay: calls are refused with 503, and no description of media leaks to the other side', async () => {
    // A relay that is just restarting would not be stopped.
    await until(() => relaysAreHome(lab), 30);
    for (const host of ['media-1', 'media-2']) await signal(host, 'rtpengine', 'STOP');
    try {
      traced.length = 0;
      const refused = kinds.map((kind) => ({ ...kind, callee: null, expectStatus: 503 }));
      // At once, when the SBC still takes the relays to be there, and after it has found out.
      for (const when of ['at once', 'after a while']) {
        const { results } = await agents.run({ kinds: refused, calls: 6, ratePerSecond: 5, audio: false });
        expect({ when, failures: failuresOf(results) }).toEqual({ when, failures: [] });
        await sleep(2500);
      }
      const received = traced.filter(({ direction }) => direction === 'received').map(({ text }) => text);
      expect(received.length).toBeGreaterThanOrEqual(12);
      expect(received.filter((text) => /^INVITE |^c=IN /m.test(text))).toEqual([]);
    } finally {
      for (const host of ['media-1', 'media-2']) await signal(host, 'rtpengine', 'CONT');
    }
    await until(hasBoth, 30);
    const { results } = await agents.run({ kinds, calls: 3, ratePerSecond: 3, talkSeconds: 1 });
    expect(failuresOf(results)).toEqual([]);
    await until(async () => Object.keys(await lab.load()).length === 0);
  });

  it('of every relay between ringing and the answer: the answer comes without a description, and the call is over', async () => {
    const steps: CallSteps = [
      { step: 'ring', seconds: 0 },
      { step: 'pause', name: 'ringing' },
      { step: 'answer' },
      { step: 'bye', by: 'caller' },
    ];
    const run = agents.startRun({ kinds: [{ ...withinTenant, steps }], audio: false });
    await until(async () => (await lab.load())['t:acme'] === 1);
    await sleep(300);
    await until(() => relaysAreHome(lab), 30);
    for (const host of ['media-1', 'media-2']) await signal(host, 'rtpengine', 'STOP');
    let ended;
    try {
      traced.length = 0;
      run.resume('ringing');
      ended = await run.finished;
    } finally {
      for (const host of ['media-1', 'media-2']) await signal(host, 'rtpengine', 'CONT');
    }
    const answers = traced.filter(
      ({ agent, direction, text }) =>
        agent === 'anna' && direction === 'received' && /^SIP\/2.0 200 [^]*^CSeq: \d+ INVITE/m.test(text),
    );
    expect(answers.length).toBeGreaterThan(0);
    expect(answers.filter(({ text }) => text.includes('c=IN '))).toEqual([]);
    const records = await lab.recordsOf(ended.results);
    expect(records.get(ended.results[0]!.callId)!.map(({ event }) => event)).toEqual(['start', 'end']);
    await until(async () => Object.keys(await lab.load()).length === 0);
    await until(hasBoth, 30);
  });

  it('of every FreeSWITCH: a feature number gets 480, all other calls go on', async () => {
    const hosts = ['media-1', 'media-2'];
    const echo: CallScenario = { name: 'echo', caller: 'anna', dial: 'sip:*43@acme.example.com', expectStatus: 480 };
    // Where this machine has no FreeSWITCH, it is like that all the time.
    const stop = (what: 'STOP' | 'CONT') => Promise.allSettled(hosts.map((host) => signal(host, 'freeswitch', what)));
    await stop('STOP');
    try {
      for (const when of ['at once', 'after the SBC has found out']) {
        const { results } = await agents.run({ kinds: [echo], calls: 2, audio: false });
        expect({ when, failures: failuresOf(results) }).toEqual({ when, failures: [] });
        for (const { retryAfterSeconds } of results) expect(retryAfterSeconds).toBeGreaterThan(0);
        await sleep(5000);
      }
      const { results } = await agents.run({ kinds, calls: 3, ratePerSecond: 3, talkSeconds: 1 });
      expect(failuresOf(results)).toEqual([]);
    } finally {
      await stop('CONT');
    }
  });
});
