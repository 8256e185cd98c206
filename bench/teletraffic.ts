import { pathToFileURL } from 'node:url';
import {
  erlangB,
  linesForErlangB,
  lnErlangB,
  lnErlangC,
  trafficForErlangB,
} from '../lib/planner/teletraffic/erlang.ts';
import { kaufmanRoberts } from '../test/planner/models/kaufman-roberts.ts';
import {
  LN_ERLANG_B,
  LN_ERLANG_C,
  relativeError,
  relativeErrorOfLn,
  TRAFFIC_FOR_B,
} from '../test/planner/teletraffic/references.ts';
import { type BenchRow, rowLines } from './row.ts';

/** Microseconds a call takes: median of 15 rounds of `calls` calls. */
function microseconds(calls: number, call: (i: number) => number): number {
  const rounds = Array.from({ length: 15 }, () => {
    let sum = 0;
    const start = performance.now();
    for (let i = 0; i < calls; i++) sum += call(i);
    const time = performance.now() - start;
    if (Number.isNaN(sum)) throw new Error('a figure is not a number');
    return (time * 1000) / calls;
  });
  return rounds.sort((a, b) => a - b)[7]!;
}

/** The recursion of the textbook, for comparison: one step a line. */
function erlangBByRecursion(lines: number, erlangs: number): number {
  let inverse = 1;
  for (let k = 1; k <= lines; k++) inverse = 1 + (k / erlangs) * inverse;
  return 1 / inverse;
}

export async function run(): Promise<BenchRow[]> {
  const errors = [
    ...LN_ERLANG_B.map(([lines, erlangs, ln]) => relativeErrorOfLn(lnErlangB(lines, erlangs), ln)),
    ...LN_ERLANG_C.map(([lines, erlangs, ln]) => relativeErrorOfLn(lnErlangC(lines, erlangs), ln)),
    ...TRAFFIC_FOR_B.map(([lines, target, erlangs]) => relativeError(trafficForErlangB(lines, target), erlangs)),
  ];
  const around = (i: number): number => 9_000 + (i % 2_000);
  const recursion = microseconds(200, (i) => erlangBByRecursion(10_000, around(i)));
  return [
    {
      what: `teletraffic: largest relative error over ${errors.length} reference values, up to 100,000 circuits`,
      figure: Math.max(...errors),
      unit: '',
      goal: { atMost: 1e-9 },
    },
    {
      what: 'Erlang B at 10,000 circuits and 9,000 to 11,000 erlangs',
      figure: microseconds(2_000, (i) => erlangB(10_000, around(i))),
      unit: 'us',
      baseline: `the textbook's recursion at ${recursion.toFixed(1)} us`,
      goal: { atMost: 100 },
    },
    {
      what: 'lines for 10,000 erlangs at 1 % blocking',
      figure: microseconds(200, (i) => linesForErlangB(10_000 + (i % 10), 0.01)),
      unit: 'us',
    },
    {
      what: 'Kaufman-Roberts, 100,000 slots, 2 classes',
      figure:
        microseconds(
          2,
          () =>
            kaufmanRoberts(100_000, [
              { erlangs: 50_000, slots: 1 },
              { erlangs: 12_000, slots: 4 },
            ]).blocking[0]!,
        ) / 1000,
      unit: 'ms',
    },
  ];
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) console.log(rowLines(await run()));
