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
  const rows = markRows(marks, from, to, width);
  return {
    space: marks.length === 0 ? 0 : (Math.max(...rows) + 1) * MARK_ROW,
    lines: marks.map(({ at, text }, n) => ({
      xAxis: at,
      lineStyle: { color: INK, type: 'dashed' as const },
      label: { formatter: text, color: INK, distance: 3 + rows[n]! * MARK_ROW },
    })),
  };
}

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
