import { axisLine, draw, INK, LIMIT, seriesColor, valueAxis, type ChartFrame } from './chart.ts';
import type { Html } from './html.ts';

export interface BarChart extends ChartFrame {
  /** What there is a bar of, or a group of bars. */
  readonly categories: readonly string[];
  readonly bars: readonly {
    readonly name: string;
    /** One for each category; NaN is unknown, and no bar. */
    readonly values: ArrayLike<number>;
  }[];
  readonly limits?: readonly { readonly value: number; readonly text: string }[];
  /**
   * On top of one another rather than side by side.
   * @default false
   */
  readonly stacked?: boolean;
}

/** With more, names are written upright. */
const NAMES_ABREAST = 14;

export function barChart(chart: BarChart): Html {
  const { categories, bars, limits = [], stacked = false, unit } = chart;
  const upright = categories.length > NAMES_ABREAST;
  const longest = Math.max(0, ...categories.map((name) => name.length));
  return draw(chart, {
    grid: { left: 64, right: 24, top: 64, bottom: upright ? 16 + longest * 7 : 32 },
    legend: { top: 0, left: 56, data: bars.map(({ name }) => name), textStyle: { color: INK }, itemHeight: 8 },
    xAxis: {
      type: 'category',
      data: [...categories],
      axisLine,
      axisTick: { show: false },
      axisLabel: { color: INK, rotate: upright ? 90 : 0, hideOverlap: true },
    },
    yAxis: {
      ...valueAxis(unit),
      max: ({ max }: { max: number }) => Math.max(max, ...limits.map(({ value }) => value)),
    },
    series: bars.map(({ name, values }, n) => ({
      type: 'bar',
      name,
      silent: true,
      barMaxWidth: 32,
      ...(stacked && { stack: 'all' }),
      data: Array.from(values, (value) => (Number.isFinite(value) ? Number(value.toPrecision(6)) : '-')),
      itemStyle: { color: seriesColor(n) },
      ...(n === 0 && {
        markLine: {
          symbol: 'none',
          silent: true,
          data: limits.map(({ value, text }) => ({
            yAxis: value,
            lineStyle: { color: LIMIT, type: 'solid' },
            label: { formatter: text, color: LIMIT, position: 'insideEndTop' },
          })),
        },
      }),
    })),
  });
}
