/** Every rule between the values of one file. Rules between files are in `between-cells.ts`. */
import type { FrontSpec } from './front-types.ts';
import { awsCellRules, awsFrontRules } from './rules/aws.ts';
import { edgePortRules } from './rules/edge-ports.ts';
import { edgeRegionRules } from './rules/edge-regions.ts';
import { edgeMachineRules, machineRules } from './rules/machines.ts';
import { mediaRules } from './rules/media.ts';
import { networkRules } from './rules/network.ts';
import { portRules } from './rules/ports.ts';
import type { Rule } from './rules/rule.ts';
import { sourceRules } from './rules/sources.ts';
import { callRules } from './rules/calls.ts';
import { tenantRules } from './rules/tenants.ts';
import { trunkRules } from './rules/trunks.ts';

export const cellRules: readonly Rule[] = [
  ...networkRules,
  ...portRules,
  ...mediaRules,
  ...machineRules,
  ...trunkRules,
  ...callRules,
  ...tenantRules,
  ...sourceRules,
  ...awsCellRules,
];

export const frontRules: readonly Rule<FrontSpec>[] = [
  ...edgeRegionRules,
  ...edgePortRules,
  ...edgeMachineRules,
  ...awsFrontRules,
];
