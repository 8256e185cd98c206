/** A role of the pipeline, asked as IAM would be. */
import { runSimulation } from '@cloud-copilot/iam-simulate';
import { account, type Need } from './need.ts';

export interface Policy {
  readonly Version?: string;
  readonly Statement: readonly Statement[];
}

export interface Statement {
  readonly Sid?: string;
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: object;
}

/** What AWS puts on a key that is made without a policy: the account's own policies decide. */
const keyPolicy = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${account}:root` }, Action: 'kms:*', Resource: '*' }],
};

export class Role {
  private readonly answers = new Map<string, Promise<boolean>>();

  constructor(
    readonly name: string,
    readonly policies: readonly Policy[],
  ) {}

  /** Whether the role's policies allow it, conditions included. */
  allows(need: Need): Promise<boolean> {
    const question = JSON.stringify(need);
    const known = this.answers.get(question) ?? this.ask(need);
    this.answers.set(question, known);
    return known;
  }

  private async ask({ action, resource, context }: Need): Promise<boolean> {
    const answer = await runSimulation(
      {
        request: {
          action,
          principal: `arn:aws:sts::${account}:assumed-role/${this.name}/run`,
          resource: { resource, accountId: account },
          contextVariables: { ...context },
        },
        identityPolicies: this.policies.map((policy, index) => ({ name: String(index), policy })),
        serviceControlPolicies: [],
        resourceControlPolicies: [],
        ...(resource.startsWith('arn:aws:kms:') ? { resourcePolicy: keyPolicy } : {}),
      },
      {},
    );
    if (answer.resultType === 'error') throw new Error(`${action} on ${resource}: ${JSON.stringify(answer.errors)}`);
    return answer.overallResult === 'Allowed';
  }
}

/** All actions that policies allow by one name or pattern each. */
export function patternsOf(policies: readonly Policy[]): readonly string[] {
  return [...new Set(policies.flatMap(({ Statement }) => Statement.flatMap(({ Action }) => Action)))].sort();
}
