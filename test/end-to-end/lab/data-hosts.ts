/** Data hosts that die or change places while calls arrive and phones register; and what became of calls, records and rows. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentsProcess } from '../../../lib/user-agent/agents-process.ts';
import type { CallResult } from '../../../lib/user-agent/call-result.ts';
import type { CallScenario } from '../../../lib/user-agent/scenario.ts';
import { exec, status } from '../../../lib/targets/local/index.ts';
import { ownerProgram } from '../../../lib/software/postgresql/owner.ts';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import { acmeCell, anna, bert, carrier, fromCarrier, toCarrier, withinTenant } from './acme.ts';
import { failuresOf, Lab, until, type LabUser } from './lab.ts';

const arrivalsPerSecond = 10;
const held = 10;

/** The outcome of a harm. */
export interface DataToll {
  readonly calls: number;
  /** What was wrong with calls. */
  readonly failures: readonly string[];
  /** Starts and ends of answered calls that are not in the stream, and those that are there twice. */
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
  /** Answers to registrations of users that the SBC knows, other than 200. */
  readonly refused: readonly number[];
  /** Users that the database has confirmed, and those of them that it does not have. */
  readonly confirmed: number;
  readonly forgotten: readonly string[];
}

export class DataBed {
  readonly lab: Lab;
  readonly input: CellInput;
  readonly #agents: AgentsProcess;
  #users = 0;
  #phones = 0;

  private constructor(lab: Lab, input: CellInput, agents: AgentsProcess) {
    this.lab = lab;
    this.input = input;
    this.#agents = agents;
  }

  static async up(name: string, network: string): Promise<DataBed> {
    const input = acmeCell(name, network);
    const lab = await Lab.up(input);
    try {
      await lab.addUsers([anna, bert]);
      const agents = await lab.agents([lab.user(anna), lab.user(bert), lab.carrier(carrier.name, carrier.address)]);
      return new DataBed(lab, input, agents);
    } catch (error) {
      await lab.down();
      throw error;
    }
  }

  down(): Promise<void> {
    return this.lab.down();
  }

  /** Ten calls arrive every second and ten are held, phones register and users are added, while something is done. */
  async underCalls(harm: () => Promise<void>): Promise<DataToll> {
    const kinds = [withinTenant, toCarrier, fromCarrier(this.lab.floating)];
    const results: CallResult[] = [];
    let over = false;
    const whileItLasts = async (pauseMs: number, work: () => Promise<void>) => {
      while (!over) {
        await work();
        await sleep(pauseMs);
      }
    };
    const holding = kinds.map((kind): CallScenario => ({
      ...kind,
      name: `${kind.name}, held`,
      steps: [{ step: 'answer' }, { step: 'pause', name: 'held' }, { step: 'bye', by: 'caller' }],
    }));
    const longRun = this.#agents.startRun({ kinds: holding, calls: held, ratePerSecond: held });
    await until(async () => (await this.lab.load())['t:acme'] === held);

    const runs: Promise<unknown>[] = [];
    const arrivals = whileItLasts(1000, async () => {
      const run = this.#agents.startRun({
        kinds,
        calls: arrivalsPerSecond,
        ratePerSecond: arrivalsPerSecond,
        talkSeconds: 1,
        audio: false,
        patienceSeconds: 20,
      });
      runs.push(run.finished.then((finished) => results.push(...finished.results)));
    });
    const refused: number[] = [];
    const registrations = whileItLasts(300, async () => {
      const answer = await this.#agents.register('anna');
      if (answer !== 200) refused.push(answer);
    });
    const confirmed: string[] = [];
    const writes = whileItLasts(50, async () => {
      const name = `added-${++this.#users}`;
      if (await this.#addUser(name)) confirmed.push(name);
    });
    await sleep(1000);
    try {
      await harm();
      await sleep(2000);
    } finally {
      over = true;
      longRun.resume('held');
    }
    await Promise.all([arrivals, registrations, writes]);
    results.push(...(await longRun.finished).results);
    await Promise.all(runs);

    await this.#allDelivered();
    const ids = new Set(results.map(({ callId }) => callId));
    const records = (await this.lab.records()).filter(({ call }) => ids.has(call));
    const found = new Map<string, number>();
    for (const { call, event } of records)
      found.set(`${event} of ${call}`, (found.get(`${event} of ${call}`) ?? 0) + 1);
    const wanted = results.flatMap(({ callId }) => [`start of ${callId}`, `end of ${callId}`]);
    const users = new Set((await this.lab.sql('SELECT name FROM cellstamp.users')).split('\n'));
    return {
      calls: results.length,
      failures: failuresOf(results),
      lost: wanted.filter((event) => !found.has(event)),
      doubled: [...found].flatMap(([event, times]) => (times > 1 ? [event] : [])),
      refused,
      confirmed: confirmed.length,
      forgotten: confirmed.filter((name) => !users.has(name)),
    };
  }

  /** A phone of a user whom no SBC has seen registers: the SBC asks the database for its password. */
  async newPhoneRegisters(): Promise<void> {
    const number = ++this.#phones;
    const user: LabUser = { name: `phone-${number}`, tenant: 'acme', address: `198.51.100.${100 + number}` };
    await this.lab.addUsers([user]);
    // It is told to come again for as long as a pool of connections takes to find the new primary.
    await until(async () => {
      const agents = await this.lab.agents([this.lab.user(user)]).catch(() => undefined);
      return agents !== undefined;
    }, 40);
  }

  /** What each data host is by its own word, and whether `status` is content with it. */
  async parts(): Promise<Readonly<Record<string, string>>> {
    const { hosts } = status(this.lab.spec.name);
    const entries = await Promise.all(
      hosts
        .filter(({ role }) => role === 'database' || role === 'redis')
        .map(async ({ name, role }): Promise<readonly [string, string]> => {
          const program = role === 'database' ? 'postgresql' : 'redis';
          const told = await exec(this.lab.spec.name, name, [
            `/usr/local/lib/cellstamp/${program}-part`,
            'position',
          ]).catch(() => ({ stdout: 'dead' }));
          return [name, told.stdout.split(' ')[0]!.trim()];
        }),
    );
    return Object.fromEntries(entries);
  }

  /** As a provisioning system does it: on an SBC, as the owner of the schema. @returns whether the database has confirmed it */
  async #addUser(name: string): Promise<boolean> {
    const sql = `INSERT INTO cellstamp.users (tenant, name, ha1) VALUES ('acme', '${name}', '${'0'.repeat(32)}')`;
    const done = await exec(this.lab.spec.name, 'sbc-1', ['timeout', '5', ownerProgram, '-c', sql], {});
    return done.status === 0;
  }

  /** Both SBCs have delivered all records. */
  async #allDelivered(): Promise<void> {
    await until(async () => {
      const { sbcs } = this.lab.cell;
      const dumps = await Promise.all(
        sbcs.flatMap(({ name }) =>
          // Of too many the answer is refused.
          ['own_records', 'others_records'].map((table) =>
            this.lab.kamcmd(name, 'htable.dump', table).catch(() => 'name: many'),
          ),
        ),
      );
      return dumps.every((dump) => !dump.includes('name: ')) && Object.keys(await this.lab.load()).length === 0;
    }, 60);
  }
}
