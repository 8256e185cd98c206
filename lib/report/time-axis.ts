/** Time from left to right, in UTC, and moments on it. */
import { axisLine, INK } from './chart.ts';
import { LINE, linesOf, textWidth } from './room-for-text.ts';

export interface Mark {
  /** Milliseconds since 1970 UTC. */
  readonly at: number;
  readonly text: string;
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
    space: Math.max(0, ...rows.map((row, n) => row + placed[n]!.lines)) * LINE,
    lines: marks.map(({ at, text }, n) => ({
      xAxis: at,
      lineStyle: { color: INK, type: 'dashed' as const },
      label: {
        formatter: text,
        color: INK,
        distance: 3 + rows[n]! * LINE,
        align: 'left' as const,
        offset: [placed[n]!.offset, 0],
        width,
        overflow: 'break' as const,
      },
    })),
  };
}

interface Placed {
  /** Pixels from the left end of the axis. */
  readonly from: number;
  readonly to: number;
  /** Pixels from the line to the left end of its name. */
  readonly offset: number;
  /** Of text: more than one where it is wider than the axis. */
  readonly lines: number;
}

/** A name is in the middle of its line, but for the ends, where it would be cut off or lie over other text. */
function placeOf({ at, text }: Mark, from: number, to: number, width: number): Placed {
  const line = ((at - from) / (to - from)) * width;
  const wide = Math.min(textWidth(text), width);
  const left = Math.max(0, Math.min(line - wide / 2, width - wide));
  return { from: left, to: left + wide, offset: left - line, lines: linesOf(text, width) };
}

/** The row above the chart for each name, so that none lies over another. */
function rowsOf(placed: readonly Placed[]): number[] {
  const taken: number[] = [];
  const order = placed.map((_, n) => n).sort((a, b) => placed[a]!.from - placed[b]!.from);
  const rows = placed.map(() => 0);
  for (const n of order) {
    const { from, to, lines } = placed[n]!;
    const isFree = (row: number) => (taken[row] ?? -Infinity) < from;
    let row = 0;
    while (!Array.from({ length: lines }, (_, line) => row + line).every(isFree)) row++;
    rows[n] = row;
    for (let line = row; line < row + lines; line++) taken[line] = to;
  }
  return rows;
}
