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
/** Pixels: margins, a line of names, and a character of them on average. */
const LEFT = 64;
const RIGHT = 24;
const LINE = 16;
const CHARACTER = 7;

export function barChart(chart: BarChart): Html {
  const { categories, bars, limits = [], stacked = false, unit, width = 960 } = chart;
  const upright = categories.length > NAMES_ABREAST;
  const longest = Math.max(0, ...categories.map((name) => name.length)) * CHARACTER;
  // Names abreast that are wider than their place go on in the next line.
  const place = Math.floor((width - LEFT - RIGHT) / Math.max(1, categories.length)) - 8;
  const highest = Math.max(...limits.map(({ value }) => value));
  return draw(chart, {
    grid: { left: LEFT, right: RIGHT, top: 64, bottom: 16 + (upright ? longest : Math.ceil(longest / place) * LINE) },
    legend: { top: 0, left: 56, data: bars.map(({ name }) => name), textStyle: { color: INK }, itemHeight: 8 },
    xAxis: {
      type: 'category',
      data: [...categories],
      axisLine,
      axisTick: { show: false },
      axisLabel: {
        color: INK,
        interval: 0,
        ...(upright ? { rotate: 90 } : { width: place, overflow: 'break' as const }),
      },
    },
    yAxis: {
      ...valueAxis(unit),
      ...(bars.every(({ values }) => Array.from(values).every(Number.isInteger)) && { minInterval: 1 }),
      // Room for the limits; where bars are higher than all of them, ECharts finds a round number.
      max: ({ max }: { max: number }) => (highest > max ? highest : null),
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
