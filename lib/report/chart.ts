/** What all charts share: SVG text from ECharts, the same bytes for the same data. */
import { init, type EChartsCoreOption } from './echarts.ts';
import { escaped, Html } from './html.ts';

export interface ChartFrame {
  /** Unique in its page: ids in the SVG begin with it. Letters, digits and `-`. */
  readonly id: string;
  readonly title: string;
  /** What the chart shows, in words, for those who can't see it. */
  readonly description: string;
  /** In what the values are counted: the name of the axis. */
  readonly unit: string;
  /**
   * Of the space for values, pixels.
   * @default 220
   */
  readonly height?: number;
}

/** Colours are names of the page's style; the second is what stands alone, without a page. */
export const INK = 'var(--ink, #1b1f24)';
export const GROUND = 'var(--ground, #ffffff)';
export const FAINT = 'var(--faint, #6b7280)';
export const GRID = 'var(--line, #d6dae0)';
export const LIMIT = 'var(--limit, #c0262d)';
export const BAND = 'var(--band, #0072b2)';
const SERIES = ['#0072b2', '#b35900', '#007a5a', '#a6447f', '#6b5b00', '#0f7ea8'];
/** Colour of the nth line or bar. */
export const seriesColor = (n: number): string =>
  `var(--series-${(n % SERIES.length) + 1}, ${SERIES[n % SERIES.length]})`;

export const FONT = 'system-ui, DejaVu Sans, sans-serif';
export const axisLine = { lineStyle: { color: FAINT } };

/** Margins around the space for values, pixels. */
export const LEFT = 60;
export const RIGHT = 16;
export const BOTTOM = 28;

/** What a chart is drawn for, pixels. The page shows the widest that fits. */
const WIDTHS = { wide: 736, narrow: 352 } as const;

export interface Drawing {
  /** Pixels, of the whole. */
  readonly width: number;
  readonly isNarrow: boolean;
}

/**
 * A chart for wide screens and one for phones: text that shrinks with its chart can't be read.
 * @param drawn the height in pixels, and what ECharts is to draw
 */
export function draw(
  { id, title, description }: ChartFrame,
  drawn: (drawing: Drawing) => { readonly height: number; readonly option: EChartsCoreOption },
): Html {
  const versions = (['wide', 'narrow'] as const).map((name) => {
    const width = WIDTHS[name];
    const { height, option } = drawn({ width, isNarrow: name === 'narrow' });
    const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
    try {
      chart.setOption({ animation: false, useUTC: true, textStyle: { fontFamily: FONT, color: INK }, ...option });
      return `<div class="${name}">${named(chart.renderToSVGString(), `${id}-${name}`, title, description)}</div>`;
    } finally {
      chart.dispose();
    }
  });
  return new Html(versions.join('\n'));
}

/**
 * ECharts counts its ids through the life of the process, and writes four decimals of a pixel: the first would make the
 * same chart other bytes, the second twice as many.
 */
function named(svg: string, id: string, title: string, description: string): string {
  const label = `role="img" aria-labelledby="${id}-title ${id}-description"`;
  const words = `<title id="${id}-title">${escaped(title)}</title><desc id="${id}-description">${escaped(description)}</desc>`;
  return (
    svg
      .replace(/\bzr\d+-/g, `${id}-`)
      .replace(
        / (d|points|transform)="([^"]*)"/g,
        (_, name: string, numbers: string) => ` ${name}="${shorter(numbers)}"`,
      )
      // For a pointer and for scripts, which these charts don't have.
      .replace(/<style[\s\S]*?<\/style>\n?/, '')
      .replace(/ (class|pointer-events|ecmeta_\w+)="[^"]*"/g, '')
      .replace(/^<svg ([^>]*)>/, (_, attributes: string) => `<svg ${label} ${attributes}>${words}`)
  );
}

const shorter = (numbers: string): string =>
  numbers.replace(/-?\d+\.\d+/g, (number) => String(Math.round(Number(number) * 10) / 10));
