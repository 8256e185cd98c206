/** What a plan takes away, or replaces, that carries calls or keeps what nobody can make again. */
import type { PlanFinding, TerraformPlan } from './terraform-plan.ts';

/** By type: what is lost with it, and what comes first. */
const losses: Readonly<Record<string, string>> = {
  aws_dynamodb_table: 'every edge loses the tenants',
  aws_eip: 'AWS gives its public address to somebody else; carriers and phones may know it',
  aws_elasticache_replication_group: 'records of calls that nobody has read yet are lost',
  aws_instance: 'the calls on this host end; drain it first, and see that none is left',
  aws_kms_key: 'what is encrypted with it can’t be read any more',
  aws_rds_cluster: 'the cell’s tenants and users are gone from it',
  aws_vpc: 'every host and the database are in it',
};

/** @param mayGo addresses that a person has named */
export function planLosses(plan: TerraformPlan, mayGo: readonly string[] = []): readonly PlanFinding[] {
  return (plan.resource_changes ?? []).flatMap(({ address, type, change }) => {
    const lost = losses[type];
    if (lost === undefined || !change.actions.includes('delete') || mayGo.includes(address)) return [];
    const how = change.actions.includes('create') ? 'replaced' : 'destroyed';
    return [{ rule: 'nothing-lost', address, message: `would be ${how}: ${lost}` }];
  });
}
