/** A cell that is under calls for long, while faults, rolls and changes of tenants come at random. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CallResult } from '../../../lib/user-agent/call-result.ts';
import type { CallScenario } from '../../../lib/user-agent/scenario.ts';
import type { CellSpec } from '../../../lib/fleet/schema/cell.ts';
import { provision } from '../../../lib/operations/provision.ts';
import { seededRandom, type Random } from '../../../lib/planner/index.ts';
import { localCell } from '../../../lib/targets/local/cell-port.ts';
import { roll } from '../../../lib/targets/local/index.ts';
import { runInNetwork } from '../../../lib/targets/local/namespace.ts';
import { requireState } from '../../../lib/targets/local/state.ts';
import type { FaultBed } from '../faults/bed.ts';
import { faults, parts } from '../faults/faults.ts';
import { until } from '../lab/lab.ts';
import { SteadyCalls } from '../lab/steady-calls.ts';
import { MemoryWatch } from './memory.ts';
import type { SoakResult } from './results.ts';

/** Milliseconds between two happenings, once the cell is whole again. */
const quietMs = 10_000;

export interface SoakOptions {
  readonly minutes: number;
  readonly seed: number;
  readonly onHappening: (text: string) => void;
}

/** What may happen to the cell. @returns what was done, in words */
type Happening = (bed: FaultBed, random: Random) => Promise<string>;

const oneOf = <T>(all: readonly T[], random: Random): T => all[Math.floor(random() * all.length)]!;

const fault: Happening = async ({ lab }, random) => {
  const [part, one] = [oneOf(parts, random), oneOf(faults, random)];
  const host = part.host(lab, random);
  await one.strike(lab, host, part.daemon);
  return `${part.name}, ${one.name} (${host})`;
};

/** To other values and back. */
const rolled: Happening = async ({ lab: { spec } }, random) => {
  const value = 300 + Math.floor(random() * 100);
  const changed = oneOf<CellSpec>(
    [
      { ...spec, media: { ...spec.media, relay: { ...spec.media.relay, calls: value } } },
      { ...spec, sbc: { ...spec.sbc, flood: { ...spec.sbc.flood, banSeconds: value } } },
    ],
    random,
  );
  const hosts = await roll(changed);
  await roll(spec);
  return `rolled twice: ${hosts.join(', ')}`;
};

/** Tenants with numbers and users come, and go again. */
const churned: Happening = async ({ lab }, random) => {
  const count = 1 + Math.floor(random() * 5);
  const guests = Array.from({ length: count }, (_, n) => ({
    ...lab.spec.tenants[0]!,
    ...{ name: `guest-${n}`, domain: `guest-${n}.example.com`, dids: { [`+4930${1_000_000 + n}`]: 'gus' } },
    sources: [],
  }));
  const port = localCell(lab.spec.name);
  await provision(port, { ...lab.spec, tenants: [...lab.spec.tenants, ...guests] });
  await lab.addUsers(guests.map(({ name }) => ({ name: 'gus', tenant: name, address: '198.51.100.99' })));
  await provision(port, lab.spec);
  return `${count} tenants came and went`;
};

/** Faults are the most of it. */
const happenings: readonly Happening[] = [fault, fault, fault, fault, churned, churned, rolled];

const kindOf = (name: string): CallScenario => ({
  ...{ name, caller: 'cora', callee: 'dora', dial: 'sip:dora@acme.example.com' },
});

export async function soak(bed: FaultBed, { minutes, seed, onHappening }: SoakOptions): Promise<SoakResult> {
  const random = seededRandom(seed);
  await until(() => bed.isWhole(), 90);
  const before = await standing(bed);
  const began = Date.now();
  const memory = MemoryWatch.start(bed.lab);
  const load = [1, 15].map((talkSeconds) =>
    SteadyCalls.start(bed.agents, [kindOf(`${talkSeconds} s`)], { ratePerSecond: 1, talkSeconds, maximumLoss: 1 }),
  );
  const done: string[] = [];
  let notWhole = 0;
  while (Date.now() < began + minutes * 60_000) {
    await sleep(quietMs);
    const { text, failed: refused } = await attempt(() => oneOf(happenings, random)(bed, random));
    const struckAt = Date.now();
    const whole = await until(() => bed.isWhole(), 120).then(
      () => !refused,
      () => false,
    );
    if (!whole) notWhole++;
    const seconds = Math.round((Date.now() - struckAt) / 1000);
    done.push(text);
    onHappening(
      `${Math.round((Date.now() - began) / 1000)} s: ${text}; ${whole ? `whole after ${seconds} s` : refused ? 'that failed' : 'not whole within 120 s'}`,
    );
  }
  const calls = (await Promise.all(load.map((each) => each.stop()))).flat();
  const growth = await memory.stop(Math.min(5, minutes / 5) * 60_000);
  const left = [...(await bed.left()), ...differences(before, await standing(bed))];
  const answered = calls.filter((call) => call.answered);
  const failed = calls.filter(({ failures }) => failures.length > 0);
  return {
    ...{ seed, minutes, happened: done.length, notWhole },
    ...{ calls: calls.length, answered: answered.length, failed: failed.length },
    ...(await bed.records(answered)),
    left,
    memory: growth,
    why: countsOf(failed),
  };
}

/** What an operation refuses to do ends no soak. */
async function attempt(work: () => Promise<string>): Promise<{ readonly text: string; readonly failed: boolean }> {
  try {
    return { text: await work(), failed: false };
  } catch (error) {
    return { text: (error as Error).message, failed: true };
  }
}

function countsOf(failed: readonly CallResult[]): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const what of failed.flatMap(({ failures }) => [...new Set(failures.map((failure) => failure.what))])) {
    counts.set(what, (counts.get(what) ?? 0) + 1);
  }
  return Object.fromEntries([...counts].sort(([, a], [, b]) => b - a));
}

/** What there is as long as a cell runs, and is the same when nothing is left behind. */
async function standing({ lab }: FaultBed): Promise<Readonly<Record<string, string>>> {
  const { namespaces } = requireState(lab.spec.name);
  const { stdout } = await runInNetwork(namespaces['fabric']!.init, ['ip', '-o', 'link']);
  const linesOf = (text: string) =>
    text
      .trim()
      .split('\n')
      .filter((line) => line !== '').length;
  const ports = await Promise.all(
    lab.cell.media.map(async ({ name }) => [
      `UDP sockets of ${name}`,
      String(linesOf(await lab.run(name, 'ss', '-Hunal'))),
    ]),
  );
  return {
    'network namespaces': Object.keys(namespaces).sort().join(' '),
    'links of the fabric': String(linesOf(stdout)),
    tenants: (await lab.sql('SELECT name FROM cellstamp.tenants ORDER BY name')).trim(),
    users: (await lab.sql('SELECT count(*) FROM cellstamp.users')).trim(),
    ...(Object.fromEntries(ports) as Record<string, string>),
  };
}

const differences = (before: Readonly<Record<string, string>>, after: Readonly<Record<string, string>>) =>
  Object.keys(before).flatMap((what) =>
    before[what] === after[what] ? [] : [`${what}: ${before[what]} before, ${after[what]} after`],
  );
