import { axisLine, draw, GROUND, INK, LEFT, LIMIT, RIGHT, seriesColor, type ChartFrame } from './chart.ts';
import type { Html } from './html.ts';
import { breakAt, legend, LINE, linesOf, spaceForNames, textWidth } from './room-for-text.ts';
import { valueAxis } from './value-axis.ts';

export interface BarChart extends ChartFrame {
  /** What there is a bar of, or a group of bars. */
  readonly categories: readonly string[];
  readonly bars: readonly {
    readonly name: string;
    /** One for each category; NaN is unknown, and no bar. */
    readonly values: ArrayLike<number>;
    /** By the place in the values: what a bar says that is drawn shorter than it is. */
    readonly labels?: Readonly<Record<number, string>>;
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
/** Pixels of a group of bars that lie on top of one another, on a narrow screen. */
const BAR = 18;
const HEIGHT = 180;

/** Bars stand on wide screens and lie on narrow ones, where names have no room beside one another. */
export function barChart(chart: BarChart): Html {
  const names = chart.bars.map(({ name }) => name);
  return draw(chart, ({ width, isNarrow }) => {
    const above = legend(names, width, INK);
    const { height, grid, names: nameAxis, values } = isNarrow ? lying(chart, width) : standing(chart, width);
    const top = above.height + grid.top;
    return {
      height: top + height + grid.bottom,
      option: {
        grid: { ...grid, top },
        legend: above.option,
        xAxis: isNarrow ? values : nameAxis,
        yAxis: isNarrow ? nameAxis : values,
        series: series(chart, isNarrow),
      },
    };
  });
}

/** Where everything is, pixels: `top` without the legend, `height` of the space for values. */
interface Placed {
  readonly height: number;
  readonly grid: { readonly left: number; readonly right: number; readonly top: number; readonly bottom: number };
  readonly names: Readonly<Record<string, unknown>>;
  readonly values: Readonly<Record<string, unknown>>;
}

const nameAxis = (categories: readonly string[], label: Readonly<Record<string, unknown>>) => ({
  type: 'category' as const,
  data: [...categories],
  axisLine,
  axisTick: { show: false },
  axisLabel: { color: INK, interval: 0, ...label },
});

/** Room for the limits; where bars are higher than all of them, ECharts finds a round number. */
function range({ bars, limits = [] }: BarChart) {
  const highest = Math.max(...limits.map(({ value }) => value));
  return {
    ...(bars.every(({ values }) => Array.from(values).every(Number.isInteger)) && { minInterval: 1 }),
    max: ({ max }: { max: number }) => (highest > max ? highest : null),
  };
}

function standing(chart: BarChart, width: number): Placed {
  const { categories, unit, height = HEIGHT } = chart;
  const upright = categories.length > NAMES_ABREAST;
  // Names abreast that are wider than their place go on in the next line.
  const place = Math.floor((width - LEFT - RIGHT) / Math.max(1, categories.length)) - 8;
  const under = upright
    ? Math.max(0, ...categories.map(textWidth))
    : Math.max(1, ...categories.map((name) => linesOf(name, place))) * LINE;
  const values = valueAxis(unit, width);
  return {
    height,
    // The names of limits stand above the highest line.
    grid: { left: LEFT, right: RIGHT, top: values.space + LINE, bottom: 16 + under },
    names: nameAxis(categories, upright ? { rotate: 90 } : { width: place, overflow: 'break' }),
    values: { ...values.option, nameGap: 12 + LINE, ...range(chart) },
  };
}

function lying(chart: BarChart, width: number): Placed {
  const { categories, bars, stacked = false, unit } = chart;
  const left = spaceForNames(categories, width / 3) + 12;
  const lines = Math.max(1, ...categories.map((name) => linesOf(name, breakAt(left - 12))));
  const row = Math.max((stacked ? 1 : bars.length) * BAR, lines * LINE) + 10;
  const values = valueAxis(unit, width);
  return {
    height: row * categories.length,
    grid: { left, right: RIGHT + 16, top: LINE + 4, bottom: values.space + LINE + 12 },
    names: { ...nameAxis(categories, { width: breakAt(left - 12), overflow: 'break' }), inverse: true },
    values: {
      ...values.option,
      nameLocation: 'start',
      nameGap: 0,
      nameTextStyle: { ...values.option.nameTextStyle, verticalAlign: 'top', padding: [LINE + 12, 0, 0, 4 - left] },
      axisLabel: { ...values.option.axisLabel, hideOverlap: true },
      splitNumber: 3,
      ...range(chart),
    },
  };
}

function series({ bars, limits = [], stacked = false }: BarChart, isLying: boolean) {
  return bars.map(({ name, values, labels }, n) => ({
    type: 'bar',
    name,
    silent: true,
    barMaxWidth: isLying ? BAR : 32,
    ...(stacked && { stack: 'all' }),
    data: Array.from(values, (value, at) => ({
      value: Number.isFinite(value) ? Number(value.toPrecision(6)) : '-',
      ...(labels?.[at] !== undefined && {
        label: {
          show: true,
          formatter: labels[at],
          color: isLying ? GROUND : INK,
          position: isLying ? 'insideLeft' : 'top',
        },
      }),
    })),
    itemStyle: { color: seriesColor(n) },
    ...(n === 0 && {
      markLine: {
        symbol: 'none',
        silent: true,
        data: limits.map(({ value, text }) => ({
          [isLying ? 'xAxis' : 'yAxis']: value,
          lineStyle: { color: LIMIT, type: 'solid' },
          label: { formatter: text, color: LIMIT, position: isLying ? 'start' : 'insideEndTop' },
        })),
      },
    }),
  }));
}
