import { axisLine, BAND, draw, INK, LIMIT, seriesColor, valueAxis, type ChartFrame } from './chart.ts';
import type { Html } from './html.ts';

export interface LineChart extends ChartFrame {
  /** Instants, milliseconds since 1970 UTC, rising. */
  readonly times: ArrayLike<number>;
  readonly lines: readonly Line[];
  /** The space between two quantiles. */
  readonly band?: { readonly name: string; readonly low: ArrayLike<number>; readonly high: ArrayLike<number> };
  /** What is not to be crossed. */
  readonly limits?: readonly { readonly value: number; readonly text: string }[];
  /** Moments with a name. */
  readonly marks?: readonly Mark[];
}

export interface Line {
  readonly name: string;
  /** One for each of the times; NaN is unknown, and a gap. */
  readonly values: ArrayLike<number>;
  /** @default false */
  readonly dashed?: boolean;
}

export interface Mark {
  /** Milliseconds since 1970 UTC. */
  readonly at: number;
  readonly text: string;
}

const MARK_ROW = 15;

/** Values over time. The axis is in UTC and starts at zero. */
export function lineChart(chart: LineChart): Html {
  const { times, lines, band, limits = [], marks = [], unit, width = 960, height = 320 } = chart;
  const points = (values: ArrayLike<number>): [number, number | null][] =>
    Array.from(values, (value, i) => [times[i]!, Number.isFinite(value) ? Number(value.toPrecision(6)) : null]);
  const rows = markRows(marks, times[0] ?? 0, times[times.length - 1] ?? 1, width);
  const markSpace = marks.length === 0 ? 0 : (Math.max(...rows) + 1) * MARK_ROW;
  const names = [...(band ? [band.name] : []), ...lines.map(({ name }) => name)];
  const plain = { type: 'line' as const, symbol: 'none', silent: true };
  return draw(
    { ...chart, height: height + markSpace },
    {
      grid: { left: 64, right: 24, top: 64 + markSpace, bottom: 32 },
      legend: { top: 0, left: 56, data: names, textStyle: { color: INK }, itemHeight: 8, itemGap: 18 },
      xAxis: {
        type: 'time',
        min: times[0],
        max: times[times.length - 1],
        axisLine,
        axisLabel: { color: INK, hideOverlap: true, formatter: TIME },
      },
      yAxis: { ...valueAxis(unit), min: 0 },
      series: [
        ...(band
          ? [
              { ...plain, name: `${band.name} `, data: points(band.low), stack: 'band', lineStyle: { opacity: 0 } },
              {
                ...plain,
                name: band.name,
                data: points(Array.from(band.high, (high, i) => high - band.low[i]!)),
                stack: 'band',
                itemStyle: { color: BAND, opacity: 0.35 },
                lineStyle: { opacity: 0 },
                areaStyle: { color: BAND, opacity: 0.2 },
              },
            ]
          : []),
        ...lines.map(({ name, values, dashed }, n) => ({
          ...plain,
          name,
          data: points(values),
          itemStyle: { color: seriesColor(n) },
          lineStyle: { color: seriesColor(n), width: 1.5, type: dashed === true ? 'dashed' : 'solid' },
        })),
        {
          ...plain,
          name: 'marks',
          // Not seen, but the axis makes room for it: a line that marks a limit alone would be cut off.
          lineStyle: { opacity: 0 },
          data: limits.map(({ value }) => [times[0], value * 1.02]),
          markLine: {
            symbol: 'none',
            silent: true,
            data: [
              ...limits.map(({ value, text }) => ({
                yAxis: value,
                lineStyle: { color: LIMIT, type: 'solid' as const },
                label: { formatter: text, color: LIMIT, position: 'insideStartTop' as const },
              })),
              ...marks.map(({ at, text }, n) => ({
                xAxis: at,
                lineStyle: { color: INK, type: 'dashed' as const },
                label: { formatter: text, color: INK, distance: 3 + rows[n]! * MARK_ROW },
              })),
            ],
          },
        },
      ],
    },
  );
}

/** Dates in the form of ISO 8601; a month or a year is written where it begins. */
const TIME = {
  year: '{yyyy}-{MM}-{dd}',
  month: '{yyyy}-{MM}-{dd}',
  day: '{MM}-{dd}',
  hour: '{HH}:{mm}',
  minute: '{HH}:{mm}',
  second: '{HH}:{mm}:{ss}',
  millisecond: '{HH}:{mm}:{ss}',
  none: '{MM}-{dd} {HH}:{mm}',
};

/** Width of a character of the labels on average, pixels. */
const CHARACTER = 6.5;

/** The row above the chart for each label, so that none lies over another. */
function markRows(marks: readonly Mark[], from: number, to: number, width: number): number[] {
  const taken: number[] = [];
  const order = marks.map((_, n) => n).sort((a, b) => marks[a]!.at - marks[b]!.at);
  const rows = marks.map(() => 0);
  for (const n of order) {
    const { at, text } = marks[n]!;
    const middle = ((at - from) / (to - from)) * width;
    const half = (text.length * CHARACTER) / 2;
    const free = taken.findIndex((end) => end < middle - half);
    const row = free < 0 ? taken.length : free;
    rows[n] = row;
    taken[row] = middle + half;
  }
  return rows;
}
