/** The roles of the pipeline as an account has them once `examples/pipeline/roles.tf` is applied. */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TerraformFolder } from '../terraform.ts';
import type { Policy } from './role.ts';

export interface AppliedRole {
  /** Who may take it. */
  readonly trust: Policy;
  /** What it may do, by the name of the policy. */
  readonly policies: ReadonlyMap<string, Policy>;
}

interface Resource {
  readonly type: string;
  readonly values: Readonly<Record<string, string>>;
}

/** @returns the roles by their names */
export async function applyRoles(folder: TerraformFolder): Promise<ReadonlyMap<string, AppliedRole>> {
  copyFileSync('examples/pipeline/roles.tf', join(folder.path, 'roles.tf'));
  await folder.succeed(['init', '-no-color', '-input=false']);
  const given = {
    repository: 'example/fleet',
    account: '123456789012',
    state_bucket: 'states',
    proof_secret: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:cellstamp-proof',
  };
  const variables = Object.entries(given).map(([name, value]) => `-var=${name}=${value}`);
  await folder.succeed(['apply', '-no-color', '-input=false', '-auto-approve', ...variables]);
  const state = JSON.parse((await folder.succeed(['show', '-json'])).output) as {
    readonly values: { readonly root_module: { readonly resources: readonly Resource[] } };
  };
  const { resources } = state.values.root_module;
  const of = (type: string) => resources.filter((one) => one.type === type).map(({ values }) => values);
  return new Map(
    of('aws_iam_role').map(({ name, assume_role_policy: trust }) => [
      name!,
      {
        trust: JSON.parse(trust!) as Policy,
        policies: new Map(
          of('aws_iam_role_policy_attachment')
            .filter(({ role }) => role === name)
            .map(({ policy_arn: arn }) => of('aws_iam_policy').find((policy) => policy['arn'] === arn)!)
            .map((policy) => [policy['name']!, JSON.parse(policy['policy']!) as Policy]),
        ),
      },
    ]),
  );
}
