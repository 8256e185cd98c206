/** A cell under calls, into which one fault after the other is put. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentsProcess } from '../../../lib/user-agent/agents-process.ts';
import type { CallResult } from '../../../lib/user-agent/call-result.ts';
import type { CallScenario } from '../../../lib/user-agent/scenario.ts';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import { seededRandom } from '../../../lib/planner/index.ts';
import type { CallEvent } from '../../../lib/software/kamailio/sbc/records.ts';
import { checkedStatus } from '../../../lib/targets/local/index.ts';
import { acme, acmeCell, anna, bert, carrier, fromCarrier, toCarrier, withinTenant } from '../lab/acme.ts';
import { Lab, until, type LabUser } from '../lab/lab.ts';
import { relayedOf, relaysAreHome } from '../lab/relays.ts';
import type { Fault, Part } from './faults.ts';
import { AFTER, callsAtAllMoments, MEANWHILE, momentNames } from './moments.ts';
import type { FaultResult } from './results.ts';

/** Longer than this without audio and a call is lost: its people have hung up. Milliseconds. */
const unbearableMs = 2000;
/** Calls that arrive a second. */
const rate = 5;
/** How long calls arrive before a fault, and after the cell is whole again. Milliseconds. */
const marginMs = 2000;

const cora: LabUser = { name: 'cora', tenant: 'acme', address: '198.51.100.13' };
const dora: LabUser = { name: 'dora', tenant: 'acme', address: '198.51.100.14' };

/** An offer of theirs is longer than two packets: 30 formats, each with what says how it is to be sent. */
const idleFormats = Array.from({ length: 30 }, (_, n) => ({
  type: n < 15 ? 35 + n : 87 + n,
  encoding: `x-made-up-${n}/${8000 * (1 + (n % 6))}`,
  parameters: `profile-level-id=${n}; max-bitrate=24000; packetization-mode=1; useinbandfec=1; usedtx=0; stereo=0`,
}));
const eve: LabUser = { name: 'eve', tenant: 'acme', address: '198.51.100.15', idleFormats };
const fred: LabUser = { name: 'fred', tenant: 'acme', address: '198.51.100.16', idleFormats };

interface Arrival {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly result: CallResult;
}

export class FaultBed {
  readonly lab: Lab;
  readonly agents: AgentsProcess;

  private constructor(lab: Lab, agents: AgentsProcess) {
    this.lab = lab;
    this.agents = agents;
  }

  static async up(name: string, network: string): Promise<FaultBed> {
    const cell = acmeCell(name, network);
    const input: CellInput = {
      ...cell,
      media: { ...cell.media, hosts: 3 },
      tenants: [{ ...acme, limits: { calls: 200, callsPerSecond: 200, burst: 200 } }],
    };
    const lab = await Lab.up(input);
    try {
      const users = [anna, bert, cora, dora, eve, fred];
      await lab.addUsers(users);
      const agents = await lab.agents([
        ...users.map((user) => lab.user(user)),
        lab.carrier(carrier.name, carrier.address),
      ]);
      return new FaultBed(lab, agents);
    } catch (error) {
      await lab.down();
      throw error;
    }
  }

  down(): Promise<void> {
    return this.lab.down();
  }

  /**
   * Puts one fault in while calls are held at every moment and others arrive.
   * @throws Error when the cell is not whole before the fault: nothing could be said of it then
   */
  async run(part: Part, fault: Fault, seed: number): Promise<FaultResult> {
    await until(() => this.isWhole(), 90);
    const host = part.host(this.lab, seededRandom(seed));
    const held = await this.#hold();
    const arriving = this.#arrive(fault.longDescriptions ? ['eve', 'fred'] : ['cora', 'dora']);
    await sleep(marginMs);

    const at = Date.now();
    const struck = fault.strike(this.lab, host, part.daemon);
    await sleep(100);
    held.resume(MEANWHILE);
    await struck;
    const whole = await until(() => this.isWhole(), 90).then(
      () => true,
      () => false,
    );
    const wholeMs = whole ? Date.now() - at : null;
    await sleep(marginMs);
    held.resume(AFTER);
    const { results } = await held.finished;
    const arrivals = await arriving.stop();

    const left = await this.left();
    const failed = arrivals.filter(({ result }) => result.failures.length > 0);
    const lost = results.filter((result) => isLost(result, fault));
    const answered = [...results, ...arrivals.map(({ result }) => result)].filter((result) => result.answered);
    return {
      fault: fault.name,
      part: part.name,
      host,
      seed,
      held: Object.fromEntries(
        momentNames.map((moment) => [
          moment,
          [results, lost].map((calls) => calls.filter(({ kind }) => kind === moment).length) as [number, number],
        ]),
      ),
      longestGapMs: Math.round(Math.max(...results.filter(({ kind }) => kind === 'in talk').map(longestGap))),
      packetsLost: [
        results.reduce((packets, { toCaller }) => packets + (toCaller?.lost ?? 0), 0),
        results.reduce((packets, { toCallee }) => packets + (toCallee?.lost ?? 0), 0),
      ],
      arrived: arrivals.length,
      failed: failed.length,
      failingMs: failed.length === 0 ? 0 : failed.at(-1)!.at - failed[0]!.at,
      ...(await this.records(answered)),
      wholeMs,
      left,
      why: [...new Set([...lost, ...failed.map(({ result }) => result)].flatMap(reasons))].sort(),
    };
  }

  /** Calls between users and with the carrier, both ways, at every moment; all are there when it ends. */
  async #hold() {
    const ways = [withinTenant, toCarrier, fromCarrier(this.lab.floating)];
    const kinds = callsAtAllMoments(ways);
    let paused = 0;
    const run = this.agents.startRun(
      { kinds, calls: kinds.length, ratePerSecond: 20, maximumLoss: 1, patienceSeconds: 120 },
      { onPaused: () => paused++ },
    );
    await until(() => paused === kinds.length, 30);
    return run;
  }

  /** Calls arrive until told to stop, which waits for the last one. In the order of their beginning. */
  #arrive([caller, callee]: readonly [string, string]): { readonly stop: () => Promise<readonly Arrival[]> } {
    const kind: CallScenario = {
      name: 'arriving',
      caller,
      callee,
      dial: `sip:${callee}@acme.example.com`,
      steps: [
        { step: 'ring', seconds: 0 },
        { step: 'answer' },
        { step: 'talk', seconds: 1 },
        { step: 'bye', by: 'callee' },
      ],
    };
    const arrivals: Arrival[] = [];
    let over = false;
    const done = (async () => {
      const running: Promise<void>[] = [];
      while (!over) {
        const began = Date.now();
        // A short run each second: how long the calls are needed is not known.
        const run = this.agents.startRun({ kinds: [kind], calls: rate, ratePerSecond: rate, maximumLoss: 1 });
        running.push(
          run.finished.then(({ results }) => {
            for (const result of results) arrivals.push({ at: began + (1000 * result.index) / rate, result });
          }),
        );
        await sleep(began + 1000 - Date.now());
      }
      await Promise.all(running);
    })();
    return {
      stop: async () => {
        over = true;
        await done;
        return arrivals.sort((one, other) => one.at - other.at);
      },
    };
  }

  /** Every part does its work, every relay is at home and followed, and the SBCs know the same calls. */
  async isWhole(): Promise<boolean> {
    if ((await checkedStatus(this.lab.spec.name)).state !== 'running') return false;
    const synced = await Promise.all(
      this.lab.cell.sbcs.map(({ name }) => this.lab.kamcmd(name, 'pv.shvGet', 'synced').catch(() => '')),
    );
    return synced.every((text) => /value: 1/.test(text)) && (await relaysAreHome(this.lab));
  }

  /** What is counted or relayed when no call is left; empty as soon as nothing is. */
  async left(): Promise<readonly string[]> {
    let left: string[] = [];
    const look = async () => {
      left = [];
      for (const { name } of this.lab.cell.sbcs) {
        const load = await this.lab.load(name).catch(() => ({ unknown: 1 }));
        left.push(...Object.entries(load).map(([what, count]) => `${name} ${what}=${count}`));
      }
      for (const { name } of this.lab.cell.media) {
        const sessions = (await relayedOf(this.lab, name)).reduce((total, count) => total + count, 0);
        if (sessions !== 0) left.push(`${name} ${sessions} sessions`);
      }
      return left.length === 0;
    };
    await until(look, 60).catch(() => undefined);
    return left;
  }

  async records(answered: readonly CallResult[]): Promise<Pick<FaultResult, 'recordsLost' | 'recordsDoubled'>> {
    const count = (records: readonly CallEvent[], callId: string, event: CallEvent['event']) =>
      records.filter((record) => record.call === callId && record.event === event).length;
    let counts: readonly number[] = [];
    const allAreThere = async () => {
      const records = await this.lab.records().catch(() => []);
      counts = answered.flatMap(({ callId }) => [count(records, callId, 'start'), count(records, callId, 'end')]);
      return counts.every((each) => each > 0);
    };
    await until(allAreThere, 30).catch(() => undefined);
    return {
      recordsLost: counts.filter((each) => each === 0).length,
      recordsDoubled: counts.reduce((doubled, each) => doubled + Math.max(0, each - 1), 0),
    };
  }
}

const longestGap = ({ toCaller, toCallee }: CallResult) =>
  Math.max(toCaller?.longestGapMs ?? Infinity, toCallee?.longestGapMs ?? Infinity);

const isUnbearable = (result: CallResult) => result.kind === 'in talk' && longestGap(result) > unbearableMs;

function isLost(result: CallResult, { losesAudio }: Fault): boolean {
  if (losesAudio) return result.failures.some(({ what }) => !/hear|packets/.test(what));
  return result.failures.length > 0 || isUnbearable(result);
}

function reasons(result: CallResult): readonly string[] {
  const failures = result.failures.map(
    ({ what, detail }) => `${what} (${detail.replace(/\d+ packets, \d+ of about \d+/, 'some')})`,
  );
  return isUnbearable(result) ? [...failures, 'silence of over 2 s'] : failures;
}
