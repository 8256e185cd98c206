import { callQualityDashboard } from './call-quality.ts';
import { cellDashboard } from './cell.ts';
import type { Dashboard } from './dashboard.ts';
import { fleetDashboard } from './fleet.ts';
import { frontDashboard } from './front.ts';
import { plannerDashboard } from './planner.ts';

/** From the whole to its parts. */
export const dashboards: readonly Dashboard[] = [
  fleetDashboard,
  cellDashboard,
  callQualityDashboard,
  frontDashboard,
  plannerDashboard,
];
