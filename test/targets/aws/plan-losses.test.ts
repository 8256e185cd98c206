import { describe, expect, it } from 'vitest';
import { planLosses } from '../../../lib/targets/aws/plan-losses.ts';
import type { TerraformPlan } from '../../../lib/targets/aws/terraform-plan.ts';

const plan = (changes: readonly (readonly [address: string, ...actions: string[]])[]): TerraformPlan => ({
  planned_values: { root_module: {} },
  configuration: { root_module: {} },
  resource_changes: changes.map(([address, ...actions]) => ({
    address,
    type: address.split('.')[0]!,
    change: { actions },
  })),
});

describe('planLosses', () => {
  it('says what would be lost with a host, an address or a database that is replaced or destroyed', () => {
    expect(
      planLosses(
        plan([
          ['aws_instance.a', 'delete', 'create'],
          ['aws_eip.b', 'delete'],
          ['aws_rds_cluster.c', 'update'],
        ]),
      ),
    ).toEqual([
      {
        rule: 'nothing-lost',
        address: 'aws_instance.a',
        message: 'would be replaced: the calls on this host end; drain it first, and see that none is left',
      },
      {
        rule: 'nothing-lost',
        address: 'aws_eip.b',
        message: 'would be destroyed: AWS gives its public address to somebody else; carriers and phones may know it',
      },
    ]);
  });

  it('lets what a person has named go, and what can be made again', () => {
    const changes = plan([
      ['aws_instance.a', 'delete', 'create'],
      ['aws_launch_template.b', 'delete'],
      ['aws_instance.c', 'create'],
    ]);
    expect(planLosses(changes, ['aws_instance.a'])).toEqual([]);
  });
});
