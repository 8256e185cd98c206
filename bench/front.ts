/**
 * Calls through an edge of the front and a cell against the same calls to the cell alone, in turns, with 500 tenants. Calls come
 * from a carrier for registered users. Needs root and Debian's packages.
 */
import { BenchFront, carrier } from './front/bench-front.ts';
import { BenchCell, callee, numbersOf } from './sip/bench-cell.ts';
import { inTurns, median } from './sip/measure.ts';
import { Sipp, type Load } from './sip/sipp.ts';
import { rowLines, type BenchRow } from './row.ts';

const rounds = 9;
const callsARound = 1500;
const callsAtOnce = 60;
const tenants = 500;

export const about = `SIPp, ${callsAtOnce} calls at once, ${callsARound} calls a round, ${rounds} rounds in turns, ${tenants} tenants; callers, edge, cell and callee share the machine.`;

interface Round extends Load {
  /** Processor time of the Kamailio of the edge, and of the SBC, milliseconds a call. */
  readonly edge: number;
  readonly sbc: number;
}

export async function run(): Promise<BenchRow[]> {
  const cell = await BenchCell.up('bench-front-cell', '10.92.0.0/20', carrier);
  const front = await BenchFront.up('bench-front', [cell.spec.name], 1);
  const sipp = new Sipp(front.callers, cell.outside, callee);
  try {
    await cell.setTenants(tenants);
    await cell.register(tenants);
    await front.setTenants(cell.spec.name, tenants);
    const [edge] = front.front.edges;
    const measure = async (to: string): Promise<Round> => {
      const before = { edge: front.processorTime(edge!), sbc: cell.processorTime() };
      const load = await sipp.call(`${carrier}:5060`, to, numbersOf(tenants), callsARound, callsAtOnce);
      return {
        ...load,
        edge: (front.processorTime(edge!) - before.edge) / load.calls,
        sbc: (cell.processorTime() - before.sbc) / load.calls,
      };
    };
    const pairs = await inTurns(
      rounds,
      () => measure(front.sipAddress(edge!)),
      () => measure(`${cell.floatingAddress}:5060`),
    );
    return rowsOf(pairs);
  } finally {
    sipp.close();
    await front.down();
    await cell.down();
  }
}

function rowsOf(pairs: readonly (readonly [Round, Round])[]): BenchRow[] {
  const through = pairs.map(([one]) => one);
  const alone = pairs.map(([, other]) => other);
  const rate = (all: readonly Round[]) => median(all.map(({ callsPerSecond }) => callsPerSecond));
  const sbc = (all: readonly Round[]) => median(all.map((each) => each.sbc));
  const against = `the cell alone: ${rate(alone).toFixed(0)} calls/s, ${sbc(alone).toFixed(2)} ms`;
  return [
    {
      what: `call set-ups a second through edge and cell, ${callsAtOnce} calls at once, all on this machine`,
      figure: rate(through),
      unit: 'calls/s',
      baseline: against,
    },
    {
      what: 'share of the cell’s call set-ups a second',
      figure: median(pairs.map(([one, other]) => one.callsPerSecond / other.callsPerSecond)),
      unit: '',
      baseline: against,
    },
    { what: 'CPU a call in the edge', figure: median(through.map(({ edge }) => edge)), unit: 'ms', baseline: against },
    {
      what: 'CPU a call in edge and SBC, over the SBC’s for a call that came straight',
      figure: median(pairs.map(([one, other]) => (one.edge + one.sbc) / other.sbc)),
      unit: '',
      baseline: against,
    },
    {
      what: 'CPU a call in the SBC behind the edge, over that for a call that came straight',
      figure: median(pairs.map(([one, other]) => one.sbc / other.sbc)),
      unit: '',
      baseline: against,
    },
  ];
}

if (process.argv[1] === new URL(import.meta.url).pathname) console.log(rowLines(await run()));
