/** SBCs that die, or freeze, at random moments while calls arrive; and what became of the calls and their records. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentsProcess } from '../../../lib/user-agent/agents-process.ts';
import type { CallScenario } from '../../../lib/user-agent/scenario.ts';
import type { CallResult } from '../../../lib/user-agent/call-result.ts';
import { seededRandom, type Random } from '../../../lib/planner/index.ts';
import { killHost, up } from '../../../lib/targets/local/index.ts';
import type { CallEvent } from '../../../lib/software/kamailio/sbc/records.ts';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import { acmeCell, anna, bert, carrier, fromCarrier, toCarrier, withinTenant } from './acme.ts';
import { Lab, labCell, type SipTrace, until } from './lab.ts';

/** The interval in which the SBCs tell each other what happens: of what is older nothing may be lost. Milliseconds. */
const replicationMs = 50;
/** By so much the process with the agents may be late to see a message, on a machine that boots an SBC meanwhile. */
const lagMs = 1000;

/** When something happened in a call, as its two ends saw it; milliseconds since 1970. */
interface Moments {
  /** The first 18x or 2xx that the caller got: from then on the call must have an end. */
  rang?: number;
  answerSent?: number;
  answered?: number;
  byeSent?: number;
  /** The other side got the BYE. */
  byeReceived?: number;
  byeAnswered?: number;
}

/** One SBC that died. */
interface Kill {
  readonly at: number;
  readonly redisFrozen: boolean;
  /** How long until the other one had the addresses, and until both were there and knew all; milliseconds. */
  takenOverMs?: number;
  wholeMs?: number;
}

/** The outcome of a series of kills or freezes. */
export interface Toll {
  /** How often each SBC has died, or has frozen. */
  readonly harmed: Readonly<Record<string, number>>;
  readonly kills: number;
  readonly killsWithRedisFrozen: number;
  /** Median and longest: until the other one had the addresses, until both were there and knew all. */
  readonly takenOverMs: readonly number[];
  readonly wholeMs: readonly number[];
  readonly calls: number;
  readonly answered: number;
  readonly records: number;
  /** Events without a record that are older than the interval, and those that are younger. */
  readonly lost: readonly string[];
  readonly lostYoung: readonly string[];
  /** How old they were when the SBC died, milliseconds. */
  readonly youngAges: readonly number[];
  /** Events that were younger than the interval when an SBC died, lost or not. */
  readonly young: number;
  readonly doubled: readonly string[];
  /** Records whose times are not those of the call. */
  readonly wrongTimes: readonly string[];
  /** Calls whose end stands before their start in the stream. */
  readonly endsFirst: readonly string[];
  /** Ended calls that an SBC had again. */
  readonly ghosts: readonly string[];
  /** Entries, counters and records that stay when all calls are over. */
  readonly left: readonly string[];
  /**
   * Relay sessions that stay. An SBC may die between its offer to the relay and what it tells of the call: of that session nobody knows
   * until the other SBC has asked the relay.
   */
  readonly sessionsLeft: number;
  /** Calls that were not as their script wanted, by what was wrong. */
  readonly failures: Readonly<Record<string, number>>;
}

export class KillsBed {
  readonly lab: Lab;
  readonly #input: CellInput;
  readonly #agents: AgentsProcess;
  readonly #moments: Map<string, Moments>;
  #harmed: Record<string, number> = {};

  private constructor(lab: Lab, input: CellInput, agents: AgentsProcess, moments: Map<string, Moments>) {
    this.lab = lab;
    this.#input = input;
    this.#agents = agents;
    this.#moments = moments;
  }

  static async up(name: string, network: string): Promise<KillsBed> {
    const input = { ...acmeCell(name, network), calls: { silentSeconds: 20 } } satisfies CellInput;
    const lab = await Lab.up(input);
    try {
      await lab.addUsers([anna, bert]);
      const moments = new Map<string, Moments>();
      const agents = await lab.agents(
        [lab.user(anna), lab.user(bert), lab.carrier(carrier.name, carrier.address)],
        (message) => note(moments, message),
      );
      const bed = new KillsBed(lab, input, agents, moments);
      await bed.#bothUp();
      return bed;
    } catch (error) {
      await lab.down();
      throw error;
    }
  }

  down(): Promise<void> {
    return this.lab.down();
  }

  /**
   * Kills the active SBC so many times while calls arrive, each time with Redis frozen if the draw says so (one of three), and brings
   * it back.
   */
  async kill(count: number, seed: number): Promise<Toll> {
    const random = seededRandom(seed);
    const kills: Kill[] = [];
    return this.#underCalls(random, kills, async () => {
      for (let i = 0; i < count; i++) {
        await sleep(300 + 1200 * random());
        const redisFrozen = i % 3 === 2;
        if (redisFrozen) {
          await this.lab.run('redis-1', 'pkill', '-STOP', 'redis-server');
          await sleep(200 + 1500 * random());
        }
        const active = this.lab.active!;
        const at = Date.now();
        killHost(this.#input.name, active);
        this.#harm(active);
        const kill: Kill = { at, redisFrozen };
        kills.push(kill);
        await until(() => this.lab.active === this.#other(active), 20);
        kill.takenOverMs = Date.now() - at;
        if (redisFrozen) {
          await sleep(2000 * random());
          await this.lab.run('redis-1', 'pkill', '-CONT', 'redis-server');
        }
        await this.#bothUp();
        kill.wholeMs = Date.now() - at;
      }
      return [];
    });
  }

  /** Freezes an SBC so many times, three of four times the active one, for 3 to 5 s after the other one has taken its place. */
  async freeze(count: number, seed: number): Promise<Toll> {
    const random = seededRandom(seed);
    return this.#underCalls(random, [], async (endedBefore) => {
      const ghosts: string[] = [];
      for (let i = 0; i < count; i++) {
        await sleep(500 + 1000 * random());
        const active = this.lab.active!;
        const frozen = i % 4 === 3 ? this.#other(active) : active;
        await this.#signal(frozen, 'STOP');
        this.#harm(frozen);
        if (frozen === active) await until(() => this.lab.active === this.#other(active), 20);
        await sleep(3000 + 2000 * random());
        await this.#signal(frozen, 'CONT');
        await until(() => this.#isSynced(), 30);
        await sleep(1000);
        const ended = endedBefore(Date.now() - 1000);
        let found: string[] = [];
        const look = async () => {
          found = [];
          for (const { name } of this.lab.cell.sbcs) {
            const calls = await this.#callsOf(name);
            found.push(...calls.filter((callId) => ended.has(callId)).map((callId) => `${callId} on ${name}`));
          }
          return found.length === 0;
        };
        // What the frozen one has missed it is told at once; on a busy machine that takes a while.
        await until(look, 5).catch(() => undefined);
        ghosts.push(...found);
      }
      return ghosts;
    });
  }

  #harm(sbc: string): void {
    this.#harmed[sbc] = (this.#harmed[sbc] ?? 0) + 1;
  }

  #signal(sbc: string, what: 'STOP' | 'CONT'): Promise<string> {
    return this.lab.run(sbc, 'pkill', `-${what}`, 'kamailio');
  }

  #other(sbc: string): string {
    return this.lab.cell.sbcs.find(({ name }) => name !== sbc)!.name;
  }

  async #isSynced(): Promise<boolean> {
    const synced = await Promise.all(
      this.lab.cell.sbcs.map(({ name }) => this.lab.kamcmd(name, 'pv.shvGet', 'synced').catch(() => '')),
    );
    return synced.every((text) => /value: 1/.test(text));
  }

  async #bothUp(): Promise<void> {
    await up(labCell(this.#input));
    await until(() => this.#isSynced(), 30);
  }

  /** Call-IDs of the calls that an SBC has. */
  async #callsOf(sbc: string): Promise<readonly string[]> {
    const dump = await this.lab.kamcmd(sbc, 'htable.dump', 'calls');
    return [...dump.matchAll(/value: (\S+)/g)].map(([, value]) => value!.split('|')[7]!);
  }

  /** Calls arrive for as long as something is done to the SBCs; then all is judged. */
  async #underCalls(
    random: Random,
    kills: readonly Kill[],
    harm: (endedBefore: (moment: number) => ReadonlySet<string>) => Promise<readonly string[]>,
  ): Promise<Toll> {
    const endings = new Map<string, number>();
    const since = Date.now();
    const results: CallResult[] = [];
    let over = false;
    this.#harmed = {};
    const arrivals = (async () => {
      // In short runs, each of calls of its own lengths; the next one begins before the one before has ended.
      const running: Promise<unknown>[] = [];
      while (!over) {
        const run = this.#agents.startRun(
          {
            kinds: kindsOf(this.lab, random),
            calls: 20,
            ratePerSecond: 10,
            audio: false,
            patienceSeconds: 20,
          },
          {
            // Of one that failed the SBCs may not know yet that its caller has given it up.
            onCall: ({ callId, failures }) => failures.length === 0 && endings.set(callId, Date.now()),
          },
        );
        running.push(run.finished.then((finished) => results.push(...finished.results)));
        await sleep(2000);
      }
      await Promise.all(running);
    })();
    let ghosts: readonly string[];
    try {
      ghosts = await harm(
        (moment) => new Set([...endings].filter(([, ended]) => ended < moment).map(([callId]) => callId)),
      );
    } finally {
      over = true;
      await this.lab.run('redis-1', 'pkill', '-CONT', 'redis-server').catch(() => undefined);
    }
    await arrivals;
    const { left, sessionsLeft } = await this.#left();
    const records = (await this.lab.records()).filter(({ invited }) => invited * 1000 >= since);
    return {
      ...tollOf(results, records, kills, this.#moments),
      harmed: this.#harmed,
      ghosts,
      left,
      sessionsLeft,
    };
  }

  /** What the SBCs, relays and queues hold when nothing should be left; empty as soon as nothing is. */
  async #left(): Promise<Pick<Toll, 'left' | 'sessionsLeft'>> {
    let left: string[] = [];
    let sessionsLeft = 0;
    const look = async () => {
      left = [];
      sessionsLeft = 0;
      for (const { name } of this.lab.cell.sbcs) {
        for (const [what, count] of Object.entries(await this.lab.load(name))) left.push(`${name} ${what}=${count}`);
        left.push(...(await this.#callsOf(name)).map((callId) => `${name} call ${callId}`));
        for (const table of ['own_records', 'others_records']) {
          const dump = await this.lab.kamcmd(name, 'htable.dump', table);
          left.push(...[...dump.matchAll(/name: (\S+)/g)].map(([, record]) => `${name} ${table} ${record}`));
        }
      }
      for (const { name } of this.lab.cell.media) {
        sessionsLeft += await this.lab.relayed(name);
      }
      return left.length === 0 && sessionsLeft === 0;
    };
    // Longer than a relay keeps a call of which it hears nothing, and than it takes the SBC to find a session of no call: the same
    // seconds, and two rounds of its watch.
    await until(look, 60).catch(() => undefined);
    const after60Seconds = sessionsLeft;
    // A caller that got no answer from the frozen one, nor to its CANCEL, is gone: to the SBCs the call may ring for 240 s.
    if (left.length > 0) await until(async () => (await look()) || left.length === 0, 230).catch(() => undefined);
    return { left, sessionsLeft: after60Seconds };
  }
}

/** Calls of all kinds: some ring and are given up, some are refused, most are answered and short. */
function kindsOf(lab: Lab, random: Random): CallScenario[] {
  const ways = [withinTenant, toCarrier, fromCarrier(lab.floating)];
  return Array.from({ length: 20 }, (_, index): CallScenario => {
    const way = ways[index % ways.length]!;
    const ring = { step: 'ring', seconds: 2 * random() } as const;
    const draw = random();
    if (draw < 0.15) return { ...way, name: `${way.name}, given up`, steps: [ring, { step: 'cancel' }] };
    if (draw < 0.25) return { ...way, name: `${way.name}, busy`, steps: [ring, { step: 'reject', status: 486 }] };
    return {
      ...way,
      steps: [
        { ...ring, seconds: ring.seconds / 2 },
        { step: 'answer' },
        { step: 'talk', seconds: 0.2 + 1.5 * random() },
        { step: 'bye', by: random() < 0.5 ? 'caller' : 'callee' },
      ],
    };
  });
}

const callIdOf = (text: string) => /^(?:call-id|i)[ \t]*:[ \t]*(\S+)/im.exec(text)?.[1];

function note(moments: Map<string, Moments>, { direction, text, when }: SipTrace): void {
  const callId = callIdOf(text);
  const method = /^cseq[ \t]*:[ \t]*\d+[ \t]+(\w+)/im.exec(text)?.[1];
  if (callId === undefined || (method !== 'INVITE' && method !== 'BYE')) return;
  const status = Number(/^SIP\/2\.0 (\d+)/.exec(text)?.[1] ?? 0);
  const of = moments.get(callId) ?? {};
  moments.set(callId, of);
  if (method === 'INVITE' && status > 100 && status < 300) {
    if (direction === 'received') of.rang ??= when;
    if (status >= 200 && direction === 'received') of.answered ??= when;
    if (status >= 200 && direction === 'sent') of.answerSent ??= when;
  } else if (method === 'BYE' && status === 0) {
    if (direction === 'sent') of.byeSent ??= when;
    else of.byeReceived ??= when;
  } else if (method === 'BYE' && status >= 200 && direction === 'received') {
    of.byeAnswered ??= when;
  }
}

/** Both sides' moments as one; a carrier knows the call by another Call-ID. Each side may hang up: the first BYE counts. */
function momentsOf({ callId, calleeCallId }: CallResult, moments: ReadonlyMap<string, Moments>): Moments {
  const caller = moments.get(callId) ?? {};
  const callee = (calleeCallId === null ? undefined : moments.get(calleeCallId)) ?? {};
  const byes = [caller.byeSent, callee.byeSent].filter((moment) => moment !== undefined);
  return { ...callee, ...caller, ...(byes.length === 0 ? {} : { byeSent: Math.min(...byes) }) };
}

function tollOf(
  results: readonly CallResult[],
  records: readonly CallEvent[],
  kills: readonly Kill[],
  seen: ReadonlyMap<string, Moments>,
): Omit<Toll, 'harmed' | 'ghosts' | 'left' | 'sessionsLeft'> {
  const lost: string[] = [];
  const lostYoung: string[] = [];
  const youngAges: number[] = [];
  const doubled: string[] = [];
  const wrongTimes: string[] = [];
  const endsFirst: string[] = [];
  const failures: Record<string, number> = {};
  let young = 0;
  const events = new Map<string, CallEvent[]>();
  for (const record of records) events.set(record.call, [...(events.get(record.call) ?? []), record]);
  /** How old an event was when the next SBC died; undefined if none died within a second. */
  const ageAtDeath = (moment: number) => kills.map(({ at }) => at - moment).find((age) => age >= 0 && age < 1000);
  const missing = (result: CallResult, what: string, moment: number) => {
    const age = ageAtDeath(moment);
    const text = `${what} of ${result.callId} (${result.kind}), ${age === undefined ? 'no' : age} ms before a kill: ${JSON.stringify(
      {
        moments: momentsOf(result, seen),
        kills: kills.map(({ at }) => at).filter((at) => Math.abs(at - moment) < 10_000),
        records: (events.get(result.callId) ?? []).map(({ event, sbc, reason, ended }) => ({
          event,
          sbc,
          reason,
          ended,
        })),
        failures: result.failures,
      },
    )}`;
    if (age !== undefined && age < replicationMs) {
      lostYoung.push(text);
      youngAges.push(age);
    } else lost.push(text);
  };
  for (const result of results) {
    for (const { what, detail } of result.failures) {
      const text = `${what} (${detail})`;
      failures[text] = (failures[text] ?? 0) + 1;
    }
    const moments = momentsOf(result, seen);
    const own = (events.get(result.callId) ?? []).filter(({ event }) => event !== 'refused');
    const starts = own.filter(({ event }) => event === 'start');
    const ends = own.filter(({ event }) => event === 'end');
    for (const moment of [moments.rang, moments.answered, moments.byeReceived]) {
      const age = moment === undefined ? undefined : ageAtDeath(moment);
      if (age !== undefined && age < replicationMs) young++;
    }
    if (starts.length > 0 && own[0] !== starts[0]) endsFirst.push(result.callId);
    if (starts.length > 1) doubled.push(`start of ${result.callId}: ${JSON.stringify(starts)}`);
    if (ends.length > 1) doubled.push(`end of ${result.callId}: ${JSON.stringify(ends)}`);
    if (moments.answered !== undefined && starts.length === 0) missing(result, 'start', moments.answered);
    const last = moments.byeReceived ?? moments.answered ?? moments.rang;
    if (last !== undefined && ends.length === 0) missing(result, 'end', last);
    else if (starts.length > 0 && ends.length === 0) lost.push(`end of ${result.callId}, which has a start`);

    const answer = starts[0]?.answered;
    if (typeof answer === 'number' && moments.answerSent !== undefined && moments.answered !== undefined) {
      if (answer * 1000 < moments.answerSent - lagMs || answer * 1000 > moments.answered + lagMs) {
        wrongTimes.push(`${result.callId} answered ${answer}, ${JSON.stringify(moments)}`);
      }
    }
    const end = ends[0]?.ended;
    if (end !== undefined && moments.byeSent !== undefined && moments.byeAnswered !== undefined) {
      if (end * 1000 < moments.byeSent - lagMs || end * 1000 > moments.byeAnswered + lagMs) {
        wrongTimes.push(`${result.callId} ended ${end} (${ends[0]!.reason}), ${JSON.stringify(moments)}`);
      }
    }
    if (typeof answer === 'number' && ends.length > 0 && ends[0]!.answered !== answer) {
      wrongTimes.push(`${result.callId} answered ${answer} in its start and ${ends[0]!.answered} in its end`);
    }
  }
  return {
    kills: kills.length,
    killsWithRedisFrozen: kills.filter(({ redisFrozen }) => redisFrozen).length,
    takenOverMs: medianAndMost(kills.map(({ takenOverMs }) => takenOverMs ?? NaN)),
    wholeMs: medianAndMost(kills.map(({ wholeMs }) => wholeMs ?? NaN)),
    calls: results.length,
    answered: results.filter(({ answered }) => answered).length,
    records: records.length,
    lost,
    lostYoung,
    youngAges,
    young,
    doubled,
    wrongTimes,
    endsFirst,
    failures,
  };
}

function medianAndMost(values: readonly number[]): readonly number[] {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length === 0 ? [] : [sorted[Math.floor(sorted.length / 2)]!, sorted.at(-1)!];
}

/** A number from the environment. @throws Error when it is none */
export function numberFrom(variable: string, fallback: number): number {
  const text = process.env[variable];
  if (text === undefined || text === '') return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new Error(`${variable} must be a whole number from 1 on, not "${text}"`);
  return value;
}
