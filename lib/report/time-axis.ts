/** Time from left to right, in UTC, and moments on it. */
import { axisLine, INK } from './chart.ts';

export interface Mark {
  /** Milliseconds since 1970 UTC. */
  readonly at: number;
  readonly text: string;
}

const MARK_ROW = 15;

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

export const timeAxis = {
  type: 'time' as const,
  axisLine,
  axisLabel: { color: INK, hideOverlap: true, formatter: TIME },
};

/** Upright lines with their names above the chart, for ECharts' `markLine`, and the pixels that the names take. */
export function momentLines(marks: readonly Mark[], from: number, to: number, width: number) {
  const placed = marks.map((mark) => placeOf(mark, from, to, width));
  const rows = rowsOf(placed);
  return {
    space: marks.length === 0 ? 0 : (Math.max(...rows) + 1) * MARK_ROW,
    lines: marks.map(({ at, text }, n) => ({
      xAxis: at,
      lineStyle: { color: INK, type: 'dashed' as const },
      label: { formatter: text, color: INK, distance: 3 + rows[n]! * MARK_ROW, align: placed[n]!.align },
    })),
  };
}

/** Width of a character of the labels on average, pixels. */
const CHARACTER = 6.5;

interface Placed {
  readonly align: 'left' | 'center' | 'right';
  /** Pixels from the left end of the axis. */
  readonly from: number;
  readonly to: number;
}

/** A name is in the middle of its line, but for the ends, where it would be cut off or lie over other text. */
function placeOf({ at, text }: Mark, from: number, to: number, width: number): Placed {
  const middle = ((at - from) / (to - from)) * width;
  const wide = text.length * CHARACTER;
  if (middle < wide / 2) return { align: 'left', from: middle, to: middle + wide };
  if (middle > width - wide / 2) return { align: 'right', from: middle - wide, to: middle };
  return { align: 'center', from: middle - wide / 2, to: middle + wide / 2 };
}

/** The row above the chart for each name, so that none lies over another. */
function rowsOf(placed: readonly Placed[]): number[] {
  const taken: number[] = [];
  const order = placed.map((_, n) => n).sort((a, b) => placed[a]!.from - placed[b]!.from);
  const rows = placed.map(() => 0);
  for (const n of order) {
    const free = taken.findIndex((end) => end < placed[n]!.from);
    const row = free < 0 ? taken.length : free;
    rows[n] = row;
    taken[row] = placed[n]!.to;
  }
  return rows;
}
