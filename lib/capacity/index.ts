/** The capacity planner as a library: all of it pure, no clock, no chance and no file that is not passed in. */

// What tenants use, and what was measured of them.
export * from './resources.ts';
export * from './forecast/history.ts';
export * from './forecast/time-zone.ts';
export * from './tenant-week.ts';
export * from './holidays.ts';
export * from './tenant-generator.ts';
export * from './tenant-history.ts';
export { seededRandom, type Random } from './random.ts';

// Teletraffic.
export * from './teletraffic/busy-hour.ts';
export * from './teletraffic/e-model.ts';
export * from './teletraffic/erlang.ts';
export * from './teletraffic/guaranteed-pools.ts';
export * from './teletraffic/kaufman-roberts.ts';
export * from './teletraffic/overflow.ts';
export * from './teletraffic/token-bucket.ts';

// What a cell carries.
export * from './cell-capacity.ts';
export * from './component-figures.ts';
export * from './lanes.ts';

// Forecast.
export * from './forecast.ts';
export * from './forecast/calendar.ts';

// Placement.
export type { CellKind } from './placement/cell-kind.ts';
export * from './placement/cell-load.ts';
export * from './placement/excuse.ts';
export type { LowerBound } from './placement/lower-bound.ts';
export * from './placement/pack.ts';
export * from './placement/place-more.ts';
export * from './placement/place-one.ts';
export * from './placement/tenant-table.ts';

// The plan.
export * from './policy.ts';
export * from './plan.ts';
export * from './plan/input.ts';
export * from './plan/demand-ahead.ts';
export * from './plan/lead-time.ts';
export * from './plan/quotas.ts';
export * from './plan/rules.ts';
export * from './plan/schema.ts';

// Admission.
export * from './admission.ts';
export * from './admission/gate.ts';
export * from './admission/tenant-limits.ts';
export * from './admission/trial.ts';

// Simulation.
export * from './simulate.ts';
export { comparisonLines } from './simulation/comparison.ts';
export * from './simulation/decider.ts';
export { USUAL, type Circumstances } from './simulation/fleet.ts';
export { scenarioSetting } from './simulation/founding.ts';
export * from './simulation/plan-decider.ts';
export * from './simulation/reactive.ts';
export * from './simulation/replay.ts';
export * from './simulation/result.ts';
export { parseScenario, scenarioSchema, type Scenario, type ScenarioInput } from './simulation/scenario-schema.ts';
export { scenarioTraffic } from './simulation/scenario.ts';
export * from './simulation/traffic.ts';
