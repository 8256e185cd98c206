export * from './bar-chart.ts';
export * from './html.ts';
export * from './line-chart.ts';
export * from './page.ts';
