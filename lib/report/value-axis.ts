/** The axis of values, and its name above it. */
import { FAINT, GRID, LEFT } from './chart.ts';
import { LINE, linesOf } from './room-for-text.ts';

/** Between the name and what is below it, pixels. */
const GAP = 12;

/**
 * @param width of the chart, pixels
 * @param between pixels between the name and the axis that are taken by something else
 * @returns the option, and the pixels that name and gap take
 */
export function valueAxis(unit: string, width: number, between = 0) {
  const room = width - 8;
  return {
    space: linesOf(unit, room) * LINE + GAP,
    option: {
      type: 'value' as const,
      name: unit,
      nameGap: GAP + between,
      nameTextStyle: {
        color: FAINT,
        align: 'left' as const,
        verticalAlign: 'bottom' as const,
        width: room,
        overflow: 'break' as const,
        // It begins at the left end of the chart, not of the axis.
        padding: [0, 0, -4, 4 - LEFT],
      },
      axisLabel: { color: FAINT, formatter: (value: number) => value.toLocaleString('en') },
      splitLine: { lineStyle: { color: GRID } },
    },
  };
}
