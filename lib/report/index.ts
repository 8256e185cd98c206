export * from './bar-chart.ts';
export * from './html.ts';
export * from './line-chart.ts';
export * from './page.ts';
export * from './timeline.ts';
export type { Mark } from './time-axis.ts';
