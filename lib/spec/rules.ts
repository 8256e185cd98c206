/** Every rule between the values of one cell. Rules between cells are in `between-cells.ts`. */
import { machineRules } from './rules/machines.ts';
import { mediaRules } from './rules/media.ts';
import { networkRules } from './rules/network.ts';
import { portRules } from './rules/ports.ts';
import type { Rule } from './rules/rule.ts';
import { sourceRules } from './rules/sources.ts';
import { tenantRules } from './rules/tenants.ts';
import { trunkRules } from './rules/trunks.ts';

export const rules: readonly Rule[] = [
  ...networkRules,
  ...portRules,
  ...mediaRules,
  ...machineRules,
  ...trunkRules,
  ...tenantRules,
  ...sourceRules,
];
