/** The outcome of runs of calls through the front, and what they left behind. */
import type { RunResult } from '../../../lib/user-agent/agents-process.ts';
import { deriveCell } from '../../../lib/fleet/derive/cell.ts';
import { deriveFront } from '../../../lib/fleet/derive/front.ts';
import { execOnFront, type FrontState } from '../../../lib/targets/local/front/index.ts';
import { exec } from '../../../lib/targets/local/index.ts';
import { paths } from '../../../lib/software/kamailio/sbc/paths.ts';
import type { CellSpec } from '../../../lib/fleet/schema/cell.ts';
import { internalPorts } from '../../../lib/fleet/schema/fixed.ts';
import { failuresOf } from '../lab/lab.ts';

/** What calls left behind on a host. */
interface Left {
  readonly transactions: number;
  readonly calls: number;
  /** Sessions of media relays. */
  readonly sessions: number;
}

/** By host; empty when nothing is left behind. */
export type LeftBehind = Readonly<Record<string, Left>>;

/** The result of a run, as it is printed. */
export interface Told {
  readonly callsUpBefore: number;
  readonly callsUpAfter: number;
  readonly packetsLost: number;
  readonly failures: readonly string[];
  readonly left: LeftBehind;
}

/** @param left once everything had its time to end */
export function toldOf(
  runs: readonly RunResult[],
  callsUpBefore: number,
  callsUpAfter: number,
  left: LeftBehind,
): Told {
  return {
    callsUpBefore,
    callsUpAfter,
    packetsLost: runs.reduce((sum, { summary }) => sum + summary.packets.lost, 0),
    failures: runs.flatMap(({ results }) => failuresOf(results)),
    left,
  };
}

/** Prints the result of a run. */
export function print(title: string, { callsUpBefore, callsUpAfter, packetsLost, failures, left }: Told): void {
  const sum = (key: keyof Left) => Object.values(left).reduce((total, each) => total + each[key], 0);
  console.log(
    `${title}: calls up ${callsUpBefore} before, ${callsUpAfter} after; ${packetsLost} packets lost; left behind: ` +
      `${sum('transactions')} transactions, ${sum('calls')} calls, ${sum('sessions')} media sessions; ` +
      `${failures.length} failures${failures.map((failure) => `\n  ${failure}`).join('')}`,
  );
}

/** Where calls left something behind now, and what. */
export async function leftBehind(state: FrontState, specs: readonly CellSpec[]): Promise<LeftBehind> {
  const kamcmd = async (edge: string, ...words: readonly string[]) => {
    const argv = ['timeout', '5', 'kamcmd', '-s', 'unix:/run/kamailio/control.sock', ...words];
    return (await execOnFront(state, edge, argv)).stdout;
  };
  const edges = deriveFront(state.spec).edges.map(async ({ name }) => {
    const [stats, pinned] = await Promise.all([kamcmd(name, 'tm.stats'), kamcmd(name, 'htable.dump', 'pinned')]);
    return [name, { transactions: unfinished(stats), calls: entries(pinned), sessions: 0 }] as const;
  });
  const cells = specs.flatMap((spec) => {
    const cell = deriveCell(spec);
    const inside = async (host: string, ...argv: readonly string[]) => (await exec(spec.name, host, argv)).stdout;
    return [
      ...cell.sbcs.map(async ({ name }) => {
        const ask = ['kamcmd', '-s', `unix:${paths.control}`];
        const stats = await inside(name, ...ask, 'tm.stats');
        const calls = await inside(name, ...ask, 'htable.dump', 'calls');
        return [
          `${spec.name} ${name}`,
          { transactions: unfinished(stats), calls: entries(calls), sessions: 0 },
        ] as const;
      }),
      ...cell.media.map(async ({ name, address }) => {
        const text = await inside(name, 'curl', '-s', `http://${address}:${internalPorts.rtpengineMetrics}/metrics`);
        const sessions = /^rtpengine_sessions\{[^}]*own[^}]*\} (\d+)/m.exec(text)?.[1];
        return [`${spec.name} ${name}`, { transactions: 0, calls: 0, sessions: Number(sessions) }] as const;
      }),
    ];
  });
  const all = await Promise.all([...edges, ...cells]);
  // NaN, of one that says nothing, is not zero.
  return Object.fromEntries(
    all.filter(([, { transactions, calls, sessions }]) => transactions + calls + sessions !== 0),
  );
}

/** Transactions that wait for something; a finished one is kept a while for late repetitions. */
function unfinished(stats: string): number {
  const number = (key: string) => Number(new RegExp(`\\b${key}: (\\d+)`).exec(stats)?.[1] ?? Number.NaN);
  return number('current') - number('waiting');
}

function entries(dump: string): number {
  return [...dump.matchAll(/^\s*name: /gm)].length;
}
