import { LocalBackend, S3Backend, TerraformStack } from 'cdktf';
import type { Construct } from 'constructs';

/** A bucket for Terraform's states; the lock lies in it as a file (Terraform 1.10 and newer). */
export interface StateBucket {
  readonly bucket: string;
  readonly region: string;
}

/** Whose account a stack is in, and what its owners want to see on everything. */
export interface AccountProps {
  /** ARN of the role that Terraform takes in the stack's account. @default - the credentials' own account */
  readonly assumeRoleArn?: string;
  /** Tags of everything in the stack, beside its own. @default - none */
  readonly tags?: Readonly<Record<string, string>>;
}

/** For a provider. */
export function assumed(roleArn: string | undefined) {
  return roleArn === undefined ? {} : { assumeRole: [{ roleArn }] };
}

/** A stack with a state of its own that refers to no other stack. */
export abstract class OwnStack extends TerraformStack {
  /** @param state default: a file beside the project, terraform.ID.tfstate */
  constructor(scope: Construct, id: string, state?: StateBucket) {
    super(scope, id);
    if (state) {
      const backend = new S3Backend(this, {
        bucket: state.bucket,
        region: state.region,
        key: `cellstamp/${id}.tfstate`,
        encrypt: true,
      });
      backend.addOverride('use_lockfile', true);
    } else {
      // From cdktf.out/stacks/ID, where Terraform runs. An absolute path would differ on every machine.
      new LocalBackend(this, { path: `../../../terraform.${id}.tfstate` });
    }
    // Attributes that both major versions know; the lock file decides which one is used.
    this.addOverride('terraform.required_providers.aws', { source: 'hashicorp/aws', version: '>= 5.100.0, < 7.0.0' });
    this.addOverride('terraform.required_version', '>= 1.10.0');
  }

  /**
   * cdktf resolves a stack once only to find references to other stacks, a third of the time of a synthesis. Alone in its
   * app, a stack can have none.
   */
  override prepareStack(): void {
    if (this.node.root.node.children.length === 1) this.ensureBackendExists();
    else super.prepareStack();
  }
}
