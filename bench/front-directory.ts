/**
 * The tenant directory in an edge's memory: how soon an edge routes by a change, and what a directory of 1,000,000 tenants costs,
 * in memory, in time to load, and in processor time a call against one of 500. Two edges are alike but for their directories;
 * calls go to the one and the other in turns, before and after one of them has got the large one, so that what differs between
 * the two processes themselves is taken out. Needs root and Debian's packages.
 */
import { createInterface } from 'node:readline';
import type { EdgeHost } from '../lib/fleet/derive/front.ts';
import { callerAddress } from '../lib/targets/local/front/index.ts';
import { BenchFront, carrier } from './front/bench-front.ts';
import { BenchCell, callee, numbersOf } from './sip/bench-cell.ts';
import { inTurns, median } from './sip/measure.ts';
import { Sipp } from './sip/sipp.ts';
import { rowLines, type BenchRow } from './row.ts';

const changes = 20;
const few = 500;
const many = 1_000_000;
const rounds = 15;
const callsARound = 1500;
const callsAtOnce = 60;
/** A Kamailio that has just started touches its shared memory for the first time; after this number of calls it uses it again. */
const warmUp = 6000;

export async function run(): Promise<BenchRow[]> {
  const cell = await BenchCell.up('bench-front-cell', '10.92.0.0/20', carrier);
  const front = await BenchFront.up('bench-front', [cell.spec.name], 1);
  const sipp = new Sipp(front.callers, cell.outside, callee);
  try {
    await cell.setTenants(few);
    await cell.register(few);
    await front.setTenants(cell.spec.name, few);
    const changeRows = await changeToEffect(front, cell);
    const [small, large] = front.front.edges as [EdgeHost, EdgeHost];
    const call = (edge: EdgeHost, calls: number) =>
      sipp.call(`${carrier}:5060`, front.sipAddress(edge), numbersOf(few), calls, callsAtOnce);
    const ratios = async () => {
      for (const edge of [small, large]) await call(edge, warmUp);
      const side = (edge: EdgeHost) => async () => {
        const before = front.processorTime(edge);
        const load = await call(edge, callsARound);
        return (front.processorTime(edge) - before) / load.calls;
      };
      const pairs = await inTurns(rounds, side(small), side(large));
      return { ratio: median(pairs.map(([one, other]) => other / one)), small: median(pairs.map(([one]) => one)) };
    };
    const alike = await ratios();
    const loading = await loadMany(front, cell, large);
    const apart = await ratios();
    return [
      ...changeRows,
      ...loading,
      { what: `CPU a call in an edge with ${few} tenants`, figure: apart.small, unit: 'ms' },
      {
        what: `CPU a call in an edge with ${many} tenants over that with ${few}`,
        figure: apart.ratio / alike.ratio,
        unit: '',
        baseline: `${apart.small.toFixed(3)} ms; the two edges with ${few} tenants each: ${alike.ratio.toFixed(3)}`,
        goal: { atMost: 1.05 },
      },
    ];
  } finally {
    sipp.close();
    await front.down();
    await cell.down();
  }
}

/** From when the directory has a new tenant until an edge sends its requests to the cell. */
async function changeToEffect(front: BenchFront, cell: BenchCell): Promise<BenchRow[]> {
  const program = new URL('./front/first-route.ts', import.meta.url).pathname;
  const seconds: number[] = [];
  for (let change = 0; change < changes; change++) {
    const domain = `new-${change}.example.com`;
    const asking = front.callers(
      [
        process.execPath,
        ...['--import', 'tsx', program],
        // A caller of its own each time: an SBC bans who asks often for nobody.
        ...[callerAddress(1, change + 1), domain, ...front.front.edges.map((edge) => front.sipAddress(edge))],
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const lines: string[] = [];
    for await (const line of createInterface({ input: asking.stdout! })) {
      lines.push(line);
      if (lines.length > 1) continue;
      const tenant = { kind: 'tenant', name: `new-${change}`, version: Date.now() } as const;
      await front.directory.put([{ ...tenant, cell: cell.spec.name, other: '', keys: [`d:${domain}`] }]);
    }
    const since = await front.lastChange();
    const taken = lines.slice(1).map((line) => (Number(line.split(' ')[1]) - since) / 1000);
    console.error(`change ${change + 1} of ${changes}: ${taken.join(' s, ')} s`);
    seconds.push(...taken);
  }
  const sorted = [...seconds].sort((one, other) => one - other);
  const what = 'from a change in the directory until an edge routes by it';
  return [
    { what: `${what}, the quickest of ${sorted.length}`, figure: sorted[0]!, unit: 's' },
    { what: `${what}, median`, figure: median(sorted), unit: 's' },
    { what: `${what}, the slowest`, figure: sorted.at(-1)!, unit: 's', goal: { atMost: 2 } },
  ];
}

/** An edge that starts with nothing loads the directory with `many` tenants. */
async function loadMany(front: BenchFront, cell: BenchCell, edge: EdgeHost): Promise<BenchRow[]> {
  const before = await front.sharedMemory(edge);
  await front.fillSilently(cell.spec.name, many);
  const started = performance.now();
  await front.startWithNothing(edge);
  await front.knows(edge, many + changes);
  const seconds = (performance.now() - started) / 1000;
  const after = await front.sharedMemory(edge);
  console.error(`${many} tenants loaded in ${seconds.toFixed(1)} s`);
  return [
    {
      what: `from the start of an edge until it has loaded ${many} tenants with a number each`,
      figure: seconds,
      unit: 's',
    },
    {
      what: 'shared memory of these',
      figure: (after.used - before.used) / 2 ** 20,
      unit: 'MiB',
      baseline: `${(after.total / 2 ** 20).toFixed(0)} MiB that the edge has`,
    },
  ];
}

if (process.argv[1] === new URL(import.meta.url).pathname) console.log(rowLines(await run()));
