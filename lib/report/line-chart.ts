import { BAND, BOTTOM, draw, INK, LEFT, LIMIT, RIGHT, seriesColor, type ChartFrame } from './chart.ts';
import type { Html } from './html.ts';
import { legend, LINE, linesOf } from './room-for-text.ts';
import { momentLines, timeAxis, type Mark } from './time-axis.ts';
import { valueAxis } from './value-axis.ts';

export interface LineChart extends ChartFrame {
  /** Instants, milliseconds since 1970 UTC, rising. */
  readonly times: ArrayLike<number>;
  readonly lines: readonly PlottedLine[];
  /** The space between two quantiles. */
  readonly band?: { readonly name: string; readonly low: ArrayLike<number>; readonly high: ArrayLike<number> };
  /** What is not to be crossed, the highest first. */
  readonly limits?: readonly Limit[];
  /** Moments with a name. */
  readonly marks?: readonly Mark[];
}

export interface PlottedLine {
  readonly name: string;
  /** One for each of the times; NaN is unknown, and a gap. */
  readonly values: ArrayLike<number>;
  /** @default false */
  readonly dashed?: boolean;
  /**
   * A value holds until the next one, in steps.
   * @default false
   */
  readonly steps?: boolean;
}

export interface Limit {
  readonly value: number;
  readonly text: string;
  /** @default false */
  readonly dashed?: boolean;
}

const HEIGHT = 220;

/** Values over time. The axis is in UTC and starts at zero. */
export function lineChart(chart: LineChart): Html {
  const { times, lines, band, limits = [], marks = [], unit, height = HEIGHT } = chart;
  const points = (values: ArrayLike<number>): [number, number | null][] =>
    Array.from(values, (value, i) => [times[i]!, Number.isFinite(value) ? Number(value.toPrecision(6)) : null]);
  const names = [...(band ? [band.name] : []), ...lines.map(({ name }) => name)];
  const plain = { type: 'line' as const, symbol: 'none', silent: true };
  return draw(chart, ({ width }) => {
    const room = width - LEFT - RIGHT;
    const { lines: markLines, space: markSpace } = momentLines(
      marks,
      times[0] ?? 0,
      times[times.length - 1] ?? 1,
      room,
    );
    const above = legend(names, width, INK);
    const axis = valueAxis(unit, width, markSpace);
    const top = above.height + axis.space + markSpace;
    const option = {
      grid: { left: LEFT, right: RIGHT, top, bottom: BOTTOM },
      legend: above.option,
      xAxis: {
        ...timeAxis,
        min: times[0],
        max: times[times.length - 1],
      },
      yAxis: {
        ...axis.option,
        min: 0,
        ...(lines.every(({ steps }) => steps === true) && { minInterval: 1 }),
      },
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
        ...lines.map(({ name, values, dashed, steps }, n) => ({
          ...plain,
          name,
          data: points(values),
          ...(steps === true && { step: 'end' as const }),
          itemStyle: { color: seriesColor(n) },
          lineStyle: { color: seriesColor(n), width: 1.5, type: dashed === true ? 'dashed' : 'solid' },
        })),
        {
          ...plain,
          name: 'marks',
          // Not seen, but the axis makes room for it: a line that marks a limit alone would be cut off.
          lineStyle: { opacity: 0 },
          data: limits.map(({ value, text }) => [times[0], value * (1 + (linesOf(text, room) * LINE) / height)]),
          markLine: {
            symbol: 'none',
            silent: true,
            data: [
              ...limits.map(({ value, text, dashed }, n) => ({
                yAxis: value,
                lineStyle: { color: LIMIT, type: dashed === true ? ('dashed' as const) : ('solid' as const) },
                // Two limits may lie close together: the first has its name above, all others below.
                label: {
                  formatter: text,
                  color: LIMIT,
                  width: room,
                  overflow: 'break' as const,
                  position: n === 0 ? ('insideStartTop' as const) : ('insideStartBottom' as const),
                },
              })),
              ...markLines,
            ],
          },
        },
      ],
    };
    return { height: top + height + BOTTOM, option };
  });
}
