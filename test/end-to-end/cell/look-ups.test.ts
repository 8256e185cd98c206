/** Users whom the SBC does not know yet, while the database is locked, frozen or dead: they are told to come again, nobody waits. */
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AgentsProcess } from '../../../lib/user-agent/agents-process.ts';
import { requireState } from '../../../lib/targets/local/state.ts';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import { describeWith } from '../../requirements.ts';
import { leave } from '../lab/companion.ts';
import { failuresOf, Lab, until, type LabUser } from '../lab/lab.ts';
import { RawPhones, rawText, retryAfterOf, signed, statusOf, type RawRequest } from '../lab/raw-phones.ts';

const input = {
  name: 'lab-look-ups',
  region: 'eu-west-1',
  local: {},
  size: 'test',
  network: '10.80.112.0/20',
  media: { hosts: 1, kernelForwarding: 'preferred' },
  sbc: { flood: { requestsPerSecond: 200 } },
  tenants: [{ name: 'acme', domain: 'acme.example.com', limits: { calls: 100, callsPerSecond: 100, burst: 100 } }],
} satisfies CellInput;
const anna: LabUser = { name: 'anna', tenant: 'acme', address: '198.51.100.11' };
const bert: LabUser = { name: 'bert', tenant: 'acme', address: '198.51.100.12' };
const prober = '203.0.113.90:5060';

/** Seconds that an outage lasts. */
const outage = 10;
/** Intervals at which a phone repeats a request over UDP, milliseconds (RFC 3261, section 17.1.2.1). */
const repetitions = [500, 1000, 2000, 4000, 4000, 4000];

describeWith(['root', 'debian-packages'], 'users whom the SBC does not know', () => {
  let lab: Lab;
  let agents: AgentsProcess;
  let raw: RawPhones;
  const cases = [
    { what: 'one phone, the table locked', phones: 1, harm: () => lockTables() },
    { what: 'ten phones, the table locked', phones: 10, harm: () => lockTables() },
    { what: 'PostgreSQL frozen', phones: 4, harm: () => freeze(['database-1', 'database-2'], 'postgres') },
    { what: 'the pool of connections frozen', phones: 4, harm: () => freeze([lab.active!], 'pgbouncer') },
    { what: 'PostgreSQL killed again and again', phones: 4, harm: () => kill('database-1', 'postgres') },
  ];
  const users = cases.flatMap(({ phones }, number) =>
    Array.from({ length: phones }, (_, index) => ({
      ...{ name: `new-${number}-${index}`, from: `203.0.113.${100 + index}:${5060 + number}` },
      ...{ number, over: index === 0 && phones > 1 ? ('tcp' as const) : ('udp' as const) },
    })),
  );

  beforeAll(async () => {
    lab = await Lab.up(input);
    await lab.addUsers([anna, bert, ...users.map(({ name }) => ({ name, tenant: 'acme', address: '' }))]);
    agents = await lab.agents([lab.user(anna), lab.user(bert)]);
    raw = await RawPhones.open(lab, [prober, ...users.map(({ from }) => from)]);
  });
  afterAll(() => leave(lab, raw));

  /** Each does harm to the database. @returns how it is undone */
  type Harm = () => Promise<() => Promise<void>>;

  const lockTables: Harm = async () => {
    const { pid } = requireState(input.name).namespaces['database-1']!.init;
    const enter = ['--target', String(pid), '--net', '--mount', '--pid', '--uts', '--ipc', '--'];
    const locker = spawn('nsenter', [
      ...enter,
      ...['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups', '--'],
      ...['psql', '-h', '/run/postgresql', '-At', 'cellstamp', '-c'],
      'BEGIN; LOCK TABLE cellstamp.users IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(60);',
    ]);
    const locked = "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted";
    await until(async () => Number(await lab.sql(locked)) > 0);
    return async () => {
      locker.kill();
      await lab.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%LOCK TABLE%' AND pid <> pg_backend_pid()",
      );
    };
  };
  const freeze = async (hosts: readonly string[], program: string) => {
    for (const host of hosts) await lab.run(host, 'pkill', '-STOP', program);
    return async () => {
      for (const host of hosts) await lab.run(host, 'pkill', '-CONT', program);
    };
  };
  const kill = (host: string, program: string) => {
    let over = false;
    const killing = (async () => {
      while (!over) {
        await lab.run(host, 'pkill', '-KILL', program).catch(() => undefined);
        await sleep(200);
      }
    })();
    return Promise.resolve(async () => {
      over = true;
      await killing;
    });
  };

  /** OPTIONS every 50 ms until it is told to end. @returns how long each answer took, milliseconds; Infinity if none came */
  async function probe(isOver: () => boolean): Promise<readonly number[]> {
    const sent = new Map<RawRequest, number>();
    for (let due = Date.now(); !isOver(); due += 50) {
      await sleep(Math.max(0, due - Date.now()));
      const uri = `sip:${lab.floating}`;
      const request = {
        from: prober,
        method: 'OPTIONS',
        user: `sip:probe@${prober}`,
        uri,
        callId: raw.newCallId(),
      } as const;
      sent.set(request, Date.now());
      raw.send(request);
    }
    await sleep(1500);
    return [...sent].map(([request, at]) => (raw.answersTo(request)[0]?.when ?? Number.POSITIVE_INFINITY) - at);
  }

  /** Registers as a phone does: repeats over UDP, comes again when it is told to. @returns every final answer to its credentials */
  async function registersAtLast({ name, from, over }: (typeof users)[number]): Promise<readonly string[]> {
    const answers: string[] = [];
    for (;;) {
      const { request, challenge } = await raw.challenged(name, from, over);
      const headers = [signed(challenge, { name, method: 'REGISTER', uri: request.uri })];
      const attempt = { ...request, cseq: 2, headers };
      raw.send(attempt, over);
      const intervals = over === 'udp' ? repetitions : [8000];
      for (const interval of intervals) {
        const deadline = Date.now() + interval;
        while (raw.answersTo(attempt).length === 0 && Date.now() < deadline) await sleep(20);
        if (raw.answersTo(attempt).length > 0) break;
        if (over === 'udp') raw.send(attempt, over);
      }
      const answer = raw.answersTo(attempt)[0]?.text;
      if (answer === undefined) throw new Error(`${name} got no answer to ${rawText(attempt)}`);
      answers.push(answer);
      if (statusOf(answer) !== 503) return answers;
      await sleep(1000 * retryAfterOf(answer));
    }
  }

  it.each(cases.map((one, number) => ({ ...one, number })))(
    '$what: all are told to come again, and register when it is over; nobody else notices',
    async ({ number, harm }) => {
      const active = lab.active!;
      const activeSeen = new Set<string | undefined>();
      let over = false;
      const undo = await harm();
      const phones = Promise.allSettled(users.filter((user) => user.number === number).map(registersAtLast));
      const probing = probe(() => over);
      const watching = (async () => {
        for (; !over; await sleep(100)) activeSeen.add(lab.active);
      })();
      const calls = agents.run({
        kinds: [{ name: 'during it', caller: 'anna', callee: 'bert', dial: 'sip:bert@acme.example.com' }],
        ...{ calls: 12, ratePerSecond: 2, talkSeconds: 1 },
      });
      await sleep(1000 * outage);
      const known = await agents.register('anna');
      await undo();
      const registered = await phones;
      over = true;
      const [delays, { results }] = await Promise.all([probing, calls, watching]);

      expect(known).toBe(200);
      expect(failuresOf(results)).toEqual([]);
      for (const attempts of registered) {
        if (attempts.status === 'rejected') throw attempts.reason;
        const statuses = attempts.value.map(statusOf);
        expect(statuses.at(-1)).toBe(200);
        expect(statuses.length).toBeGreaterThan(1);
        for (const answer of attempts.value.slice(0, -1)) {
          expect(statusOf(answer)).toBe(503);
          expect(retryAfterOf(answer)).toBeGreaterThan(0);
        }
      }
      expect(delays.length).toBeGreaterThan(100);
      const slowest = Math.max(...delays);
      const unanswered = delays.filter((delay) => delay === Number.POSITIVE_INFINITY).length;
      console.log(`${delays.length} OPTIONS, slowest ${slowest} ms, ${unanswered} unanswered`);
      expect(slowest).toBeLessThan(1000);
      expect([...activeSeen]).toEqual([active]);
    },
  );
});
