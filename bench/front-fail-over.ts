/**
 * From the failure of an edge, or the withdrawal of a region, until the first call placed after it is answered. A carrier places
 * a call every 100 ms, to the service address, whatever becomes of those before. Here the entry tries every edge each second and
 * takes two failed tries; Global Accelerator takes longer. Needs root and Debian's packages.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { AgentsProcess } from '../lib/user-agent/agents-process.ts';
import type { EdgeHost } from '../lib/fleet/derive/front.ts';
import { killFrontHost, serviceAddress } from '../lib/targets/local/front/index.ts';
import { BenchFront, carrier } from './front/bench-front.ts';
import { BenchCell, callee, numbersOf } from './sip/bench-cell.ts';
import { median } from './sip/measure.ts';
import { Sipp } from './sip/sipp.ts';
import { rowLines, type BenchRow } from './row.ts';

const runs = 10;
const everyMs = 100;
/** Seconds after which a front has failed for good. */
const longest = 30;

export const about = `A call is placed every ${everyMs} ms, ${runs} runs each. The entry here tries every edge each second and takes two failed tries; Global Accelerator takes longer.`;

interface Failure {
  /** What happens, in words. */
  readonly what: string;
  readonly happen: (front: BenchFront, edges: readonly EdgeHost[]) => Promise<unknown>;
  readonly mend: (front: BenchFront, edges: readonly EdgeHost[]) => Promise<unknown>;
  /** Whether it hits the whole region of the edge, and what counts is an answer through another region. */
  readonly region?: true;
}

const each =
  (argv: readonly string[]): Failure['mend'] =>
  (front, edges) =>
    Promise.all(edges.map(({ name }) => front.on(name, argv)));

const failures: readonly Failure[] = [
  {
    what: 'an edge is killed',
    happen: async (front, edges) => edges.forEach(({ name }) => killFrontHost(front.state, name)),
    mend: (front) => front.complete(),
  },
  {
    what: 'an edge’s Kamailio is frozen',
    happen: each(['pkill', '-STOP', '-x', 'kamailio']),
    mend: each(['pkill', '-CONT', '-x', 'kamailio']),
  },
  {
    what: 'both edges of a region are frozen',
    region: true,
    happen: each(['pkill', '-STOP', '-x', 'kamailio']),
    mend: each(['pkill', '-CONT', '-x', 'kamailio']),
  },
  {
    what: 'a region is withdrawn',
    region: true,
    happen: each(['touch', '/run/cellstamp/draining']),
    mend: each(['rm', '/run/cellstamp/draining']),
  },
];

export async function run(): Promise<BenchRow[]> {
  const cell = await BenchCell.up('bench-front-cell', '10.92.0.0/20', carrier);
  const front = await BenchFront.up('bench-front', [cell.spec.name], 2);
  const answering = new Sipp(front.callers, cell.outside, callee);
  const callers = new Callers(front);
  try {
    await cell.register(1);
    await callers.open();
    const rows: BenchRow[] = [];
    for (const failure of failures) rows.push(...rowsOf(failure, await measure(front, callers, failure)));
    return rows;
  } finally {
    await callers.close();
    answering.close();
    await front.down();
    await cell.down();
  }
}

interface Measured {
  /** To the first answer, a figure a run, in order. */
  readonly seconds: readonly number[];
  /** Calls from the failures to the first answers; and those of them that nobody ever answered. */
  readonly placed: number;
  readonly lost: number;
}

async function measure(front: BenchFront, callers: Callers, failure: Failure): Promise<Measured> {
  const { what, happen, mend, region } = failure;
  const seconds: number[] = [];
  let placed = 0;
  let lost = 0;
  while (seconds.length < runs) {
    const { edge: victim } = await callers.call();
    if (!victim) throw new Error(`no call is answered before ${what}`);
    const hit = region ? front.front.edges.filter((edge) => edge.region === victim.region) : [victim];
    // Each time at another moment of the second between two checks.
    await sleep((seconds.length * 1000) / runs);
    await happen(front, hit);
    const since = performance.now();
    let first = Infinity;
    const calls: Promise<void>[] = [];
    while (first === Infinity) {
      const after = performance.now() - since;
      if (after > longest * 1000) throw new Error(`${what}: no call is answered for ${longest} s`);
      const call = callers.call().then(({ setupMs, edge }) => {
        if (setupMs === null) lost++;
        else if (edge && !hit.includes(edge)) first = Math.min(first, (after + setupMs) / 1000);
      });
      calls.push(call);
      await sleep(everyMs);
    }
    await mend(front, hit);
    await Promise.all(calls);
    await front.healthy();
    seconds.push(first);
    placed += calls.length;
    console.error(`${what}: ${first.toFixed(2)} s`);
  }
  return { seconds: seconds.sort((one, other) => one - other), placed, lost };
}

function rowsOf({ what, region }: Failure, { seconds, placed, lost }: Measured): BenchRow[] {
  const answered = `from when ${what} until a new call is answered${region ? ' through another region' : ''}`;
  return [
    { what: `${answered}, the quickest of ${runs}`, figure: seconds[0]!, unit: 's' },
    { what: `${answered}, median`, figure: median(seconds), unit: 's' },
    { what: `${answered}, the slowest`, figure: seconds.at(-1)!, unit: 's', goal: { atMost: 5 } },
    {
      what: `calls placed meanwhile, each repeated as RFC 3261 says, that nobody answers`,
      figure: lost,
      unit: `of ${placed}`,
    },
  ];
}

/** A carrier that calls a user through the front. */
class Callers {
  readonly #front: BenchFront;
  readonly #agents: AgentsProcess;

  constructor(front: BenchFront) {
    this.#front = front;
    const { pid } = front.state.namespaces['callers']!.init;
    this.#agents = AgentsProcess.start({
      prefix: ['setpriv', '--pdeathsig', 'KILL', 'nsenter', '--target', String(pid), '--net', '--'],
    });
  }

  async open(): Promise<void> {
    await this.#agents.open({
      agents: [
        {
          role: 'carrier',
          name: 'carrier',
          identity: `sip:+4989700700@${carrier}`,
          local: { address: carrier, port: 5060 },
          server: { address: serviceAddress },
        },
      ],
    });
  }

  /** Places a call. @returns through which edge it came, and how long it took to be answered, if it was */
  async call(): Promise<{ readonly edge: EdgeHost | undefined; readonly setupMs: number | null }> {
    const { results } = await this.#agents.run({
      kinds: [
        {
          name: 'new',
          caller: 'carrier',
          dial: `sip:${numbersOf(1)[0]}@${serviceAddress}`,
          steps: [{ step: 'answer' }, { step: 'bye', by: 'caller' }],
        },
      ],
      audio: false,
      patienceSeconds: 10,
    });
    const [{ route, setupMs }] = results as [(typeof results)[0]];
    const address = /^<sip:([\d.]+)/.exec(route[0] ?? '')?.[1];
    const edge = this.#front.front.edges.find((each) => this.#front.publicAddress(each) === address);
    return { edge, setupMs };
  }

  close(): Promise<void> {
    return this.#agents.close();
  }
}

if (process.argv[1] === new URL(import.meta.url).pathname) console.log(rowLines(await run()));
