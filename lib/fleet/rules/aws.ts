/** Every rule over what is on AWS. A cell or a front without the section `aws:` breaks none of them. */
import type { CellSpec } from '../schema/cell-types.ts';
import type { FrontSpec } from '../schema/front-types.ts';
import { isOnAws, type OnAws } from '../schema/targets/on-aws.ts';
import { anycastRules } from './aws/anycast.ts';
import { healthRules } from './aws/health.ts';
import { edgeMachineRules, machineRules } from './aws/machines.ts';
import { edgePlaceRules, placeRules } from './aws/place.ts';
import type { Rule } from '../../config-file/rule.ts';

function onAws<Spec extends CellSpec | FrontSpec>(rules: readonly Rule<OnAws<Spec>>[]): readonly Rule<Spec>[] {
  return rules.map((rule) => ({ ...rule, check: (spec) => (isOnAws(spec) ? rule.check(spec) : []) }));
}

export const awsCellRules: readonly Rule<CellSpec>[] = onAws<CellSpec>([...placeRules, ...machineRules]);

const sectionsOfRegionsCount: Rule<FrontSpec> = {
  severity: 'error',
  reads: ['regions', 'aws'],
  *check({ aws, regions }) {
    for (const [index, { region, aws: own }] of regions.entries()) {
      if (aws !== undefined || own === undefined) continue;
      yield {
        path: ['regions', index, 'aws'],
        message: `${region} has the section aws, and the front has none`,
        allowed: 'aws: {} beside regions, or no section here',
      };
    }
  },
};

export const awsFrontRules: readonly Rule<FrontSpec>[] = [
  sectionsOfRegionsCount,
  ...onAws<FrontSpec>([...edgePlaceRules, ...edgeMachineRules, ...anycastRules, ...healthRules]),
];
