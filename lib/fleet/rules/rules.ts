/** Every rule between the values of one file. Rules between files are in `between-cells.ts`. */
import type { FrontSpec } from '../schema/front-types.ts';
import { awsCellRules, awsFrontRules } from './aws.ts';
import { kubernetesFrontRules } from './kubernetes-front.ts';
import { kubernetesRules } from './kubernetes.ts';
import { edgePortRules } from './edge-ports.ts';
import { edgeRegionRules } from './edge-regions.ts';
import { edgeMachineRules, machineRules } from './machines.ts';
import { mediaRules } from './media.ts';
import { networkRules } from './network.ts';
import { portRules } from './ports.ts';
import type { Rule } from '../../config-file/rule.ts';
import type { CellSpec } from '../schema/cell-types.ts';
import { sourceRules } from './sources.ts';
import { callRules } from './calls.ts';
import { emergencyRules } from './emergency.ts';
import { outboundRules } from './outbound.ts';
import { tenantRules } from './tenants.ts';
import { trunkRules } from './trunks.ts';

export const cellRules: readonly Rule<CellSpec>[] = [
  ...networkRules,
  ...portRules,
  ...mediaRules,
  ...machineRules,
  ...trunkRules,
  ...callRules,
  ...tenantRules,
  ...sourceRules,
  ...emergencyRules,
  ...outboundRules,
  ...awsCellRules,
  ...kubernetesRules,
];

export const frontRules: readonly Rule<FrontSpec>[] = [
  ...edgeRegionRules,
  ...edgePortRules,
  ...edgeMachineRules,
  ...awsFrontRules,
  ...kubernetesFrontRules,
];
