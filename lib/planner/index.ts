/**
 * The capacity planner as a library: all of it pure, no clock, no chance and no file that is not passed in. See docs/library.md.
 *
 * @module cellstamp/capacity
 */

// What tenants use, and what was measured of them.
export { RESOURCES, evenDemand, type Demand, type Resource, type WeeklyDemand, weeklyPeak } from './resources.ts';
export { readHistory, type Finding, type History, type ReadHistory, type Sample } from './forecast/history.ts';
export { timeZone, type TimeZone } from './forecast/time-zone.ts';
export { tenantWeek } from './tenant-week.ts';
export {
  HOLIDAY_COUNTRIES,
  holidayStates,
  publicHolidays,
  weekendOf,
  type CountryCode,
  type Holiday,
} from './holidays.ts';

// Tenants that are made up.
export { generateTenants, type GeneratedTenant, type GeneratorOptions, type Place } from './tenant-generator.ts';
export { tenantHistory, type HistoryOptions } from './tenant-history.ts';
export type { Industry } from './industries.ts';
export { seededRandom, type Random } from './random.ts';

// Teletraffic.
export { erlangB, linesForErlangB, offeredForCarried, trafficForErlangB } from './teletraffic/erlang.ts';
export { rateForRefused, refusedShare, type TokenBucket } from './teletraffic/token-bucket.ts';
export {
  POLICIES,
  gradeOfServiceOf,
  linesFor,
  trafficFor,
  type FixedHeadroom,
  type GradeOfService,
  type Policy,
  type Purchase,
  type TelecomRule,
} from './policy.ts';

// What a cell carries.
export {
  capacityLines,
  cellCapacity,
  type CapacityOptions,
  type CellCapacity,
  type ResourceCapacity,
} from './cell-capacity.ts';
export {
  COMPONENT_FIGURES,
  figuresWith,
  type ComponentFigures,
  type Figure,
  type FigureName,
  type Measurements,
} from './component-figures.ts';
export type { Constraint } from './constraint.ts';
export type { CellLimits, SharedLimit } from './shared-limits.ts';

// Forecast.
export { forecast, type Contract, type Forecast, type ForecastOptions } from './forecast.ts';
export type { AnnouncedEvent, Calendar } from './forecast/calendar.ts';

// Placement.
export type { CellKind } from './placement/cell-kind.ts';
export type { PlacementCell } from './placement/cell-load.ts';
export type { Excuse, ExcuseCode } from './placement/excuse.ts';
export type { LowerBound } from './placement/lower-bound.ts';
export { fleetBound, pack, type Packing, type Unplaced } from './placement/pack.ts';
export { placeMore, type Move, type Placement } from './placement/place-more.ts';
export type { Load, PlacementTenant, TenantRow, Terms } from './placement/tenant-table.ts';

// The plan, and the limits that it gives to tenants.
export { plan, planJson } from './plan.ts';
export type { AnnouncedLoad, Blueprint, Elastic, FleetCell, FleetTenant, PlanInput, Signals } from './plan/input.ts';
export type { StampRecord } from './plan/lead-time.ts';
export type { Quota, QuotaName } from './plan/quotas.ts';
export { DEFAULT_RULES, type PlanRules } from './plan/rules.ts';
export { planSchema, type Plan, type PlanMemory } from './plan/schema.ts';
export type { AdmissionPlan, TenantAdmission } from './admission.ts';
export { tenantLimits, type TenantLimits, withLimits } from './admission/tenant-limits.ts';

// Simulation.
export { simulate, type FirstCell, type SimulationSetting } from './simulate.ts';
export { comparisonLines } from './simulation/comparison.ts';
export type { CellView, Decider, FleetView, SimulatedAction, SimulatedKind } from './simulation/decider.ts';
export type { Circumstances } from './simulation/fleet.ts';
export { scenarioSetting } from './simulation/initial-fleet.ts';
export { planDecider, type PlanDeciderOptions } from './simulation/plan-decider.ts';
export { reactiveDecider, type ReactiveOptions } from './simulation/reactive.ts';
export { replayTraffic, type MeasuredTenant, type Replay } from './simulation/replay.ts';
export type { BlockedCalls, FleetHour, LogEntry, Shortage, SimulationResult } from './simulation/result.ts';
export { parseScenario, scenarioSchema, type Scenario, type ScenarioInput } from './simulation/scenario-schema.ts';
export type { Span, TenantTrace, Traffic } from './simulation/traffic.ts';
