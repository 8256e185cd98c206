/** The room that texts of a chart take, in pixels: charts are drawn without a screen that could tell. */

/** Height of a line of text of 12 pixels. */
export const LINE = 16;
/** Width of a character of it on average, in the widest of the fonts. */
const CHARACTER = 7.2;

/** ECharts takes characters for narrower than the widest of the fonts has them. */
const NARROWER = 0.85;

/** The width at which ECharts is to break a text that has this space. */
export const breakAt = (width: number): number => Math.floor(width * NARROWER);

/** The space for names on the side of a chart: what the longest takes, but not more than a share of the chart. */
export const spaceForNames = (names: readonly string[], most: number): number =>
  Math.min(Math.ceil(Math.max(0, ...names.map(textWidth)) / NARROWER), Math.floor(most));

export const textWidth = (text: string): number => Math.ceil(text.length * CHARACTER);

/** Lines that a text takes in a space. Words are broken only where they alone are wider. */
export function linesOf(text: string, width: number): number {
  let lines = 1;
  let used = 0;
  for (const word of text.split(' ')) {
    const wide = textWidth(`${word} `);
    if (used > 0 && used + wide > width) {
      lines++;
      used = 0;
    }
    lines += Math.max(0, Math.ceil(wide / width) - 1);
    used = (used + wide) % width || width;
  }
  return lines;
}

const ICON = 25;
const ICON_GAP = 5;
const ITEM_GAP = 18;

/** A legend above a chart, and its height. */
export function legend(names: readonly string[], width: number, color: string) {
  let rows = 1;
  let used = 0;
  for (const name of names) {
    const wide = ICON + ICON_GAP + textWidth(name) + ITEM_GAP;
    if (used > 0 && used + wide > width) {
      rows++;
      used = 0;
    }
    used += wide;
  }
  return {
    height: rows * (LINE + 6),
    option: {
      top: 0,
      left: 0,
      width,
      data: [...names],
      textStyle: { color },
      itemWidth: ICON,
      itemHeight: 8,
      itemGap: ITEM_GAP,
      padding: 0,
    },
  };
}
