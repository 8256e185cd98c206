import { axisLine, BOTTOM, draw, GRID, INK, RIGHT, seriesColor, type ChartFrame } from './chart.ts';
import type { Html } from './html.ts';
import { breakAt, LINE, linesOf, spaceForNames } from './room-for-text.ts';
import { momentLines, timeAxis, type Mark } from './time-axis.ts';

export interface Timeline extends Omit<ChartFrame, 'unit' | 'height'> {
  /** From top to bottom; at least one. */
  readonly rows: readonly Span[];
  /** Moments with a name. */
  readonly marks?: readonly Mark[];
}

/** Something that has a time: a dot where it begins and, if it takes a while, a line to a diamond where it ends. */
export interface Span {
  readonly name: string;
  /** Milliseconds since 1970 UTC. */
  readonly from: number;
  /** @default - it is at one moment */
  readonly to?: number;
}

/** Space between two names, pixels. */
const GAP = 6;
/** Time before the first and after the last moment, milliseconds. */
const MARGIN = 3_600_000;

/** What is when, a row each. The axis is in UTC. */
export function timeline(chart: Timeline): Html {
  const { rows, marks = [] } = chart;
  const moments = [...rows.flatMap(({ from, to = from }) => [from, to]), ...marks.map(({ at }) => at)];
  const min = Math.min(...moments) - MARGIN;
  const max = Math.max(...moments) + MARGIN;
  return draw({ ...chart, unit: '' }, ({ width }) => {
    const left =
      16 +
      spaceForNames(
        rows.map(({ name }) => name),
        width * 0.4,
      );
    const { lines, space } = momentLines(marks, min, max, width - left - RIGHT);
    const row = Math.max(...rows.map(({ name }) => linesOf(name, breakAt(left - 16)))) * LINE + GAP;
    return {
      height: rows.length * row + space + 16 + BOTTOM,
      option: {
        grid: { left, right: RIGHT, top: 16 + space, bottom: BOTTOM },
        xAxis: { ...timeAxis, min, max, splitLine: { show: true, lineStyle: { color: GRID } } },
        yAxis: {
          type: 'category',
          inverse: true,
          data: rows.map((_, n) => n),
          axisLine,
          axisTick: { show: false },
          axisLabel: {
            color: INK,
            formatter: (_: string, n: number) => rows[n]!.name,
            interval: 0,
            width: breakAt(left - 16),
            overflow: 'break',
          },
        },
        series: rows.map(({ from, to }, n) => ({
          type: 'line',
          silent: true,
          symbolSize: 9,
          itemStyle: { color: seriesColor(0) },
          lineStyle: { color: seriesColor(0), width: 3 },
          data: [
            { value: [from, n], symbol: 'circle' },
            ...(to === undefined ? [] : [{ value: [to, n], symbol: 'diamond', symbolSize: 11 }]),
          ],
          // The axis goes down, so that what is above is at the start of an upright line.
          ...(n === 0 && {
            markLine: {
              symbol: 'none',
              silent: true,
              data: lines.map((line) => ({ ...line, label: { ...line.label, position: 'start' as const } })),
            },
          }),
        })),
      },
    };
  });
}
