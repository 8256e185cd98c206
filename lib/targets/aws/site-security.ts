import { SecurityGroup } from '@cdktf/provider-aws/lib/security-group/index.js';
import { VpcSecurityGroupEgressRule } from '@cdktf/provider-aws/lib/vpc-security-group-egress-rule/index.js';
import { VpcSecurityGroupIngressRule } from '@cdktf/provider-aws/lib/vpc-security-group-ingress-rule/index.js';
import { Construct } from 'constructs';
import type { ListeningPort } from '../../software/host-config.ts';
import { everywhere, ingressRules, type IngressRule } from './security-rules.ts';
import { resourceName, type Site } from './site.ts';

/** The hosts of one role. */
export interface Guarded {
  /** Of the group, ASCII. */
  readonly description: string;
  /** What the hosts listen on. */
  readonly ports: readonly ListeningPort[];
  /** Whether the hosts open connections. */
  readonly opensConnections: boolean;
}

export interface SiteSecurityProps<R extends string> {
  readonly site: Site;
  readonly vpcId: string;
  readonly roles: Readonly<Record<R, Guarded>>;
  /** Prefix list of whoever asks whether a host takes traffic. @default - no port has such a peer */
  readonly healthCheckersPrefixListId?: string;
}

/** A security group a role; who may reach what follows from the ports alone. */
export class SiteSecurity<R extends string> extends Construct {
  readonly groups: Readonly<Record<R, SecurityGroup>>;

  constructor(scope: Construct, id: string, props: SiteSecurityProps<R>) {
    super(scope, id);
    const { site, vpcId } = props;
    const roles = Object.entries<Guarded>(props.roles);
    const groups: Readonly<Record<string, SecurityGroup>> = Object.fromEntries(
      roles.map(([role, { description }]) => [
        role,
        new SecurityGroup(this, role, {
          name: resourceName(site, role),
          description,
          vpcId,
          tags: { Name: resourceName(site, role) },
        }),
      ]),
    );
    this.groups = groups as Record<R, SecurityGroup>;

    const admitted = (source: IngressRule['source']) => {
      if ('range' in source) return { cidrIpv4: source.range };
      if ('role' in source) return { referencedSecurityGroupId: groups[source.role]!.id };
      return { prefixListId: props.healthCheckersPrefixListId! };
    };
    for (const [role, { ports, opensConnections }] of roles) {
      for (const rule of ingressRules(ports)) {
        new VpcSecurityGroupIngressRule(this, `${role}-${rule.id}`, {
          securityGroupId: groups[role]!.id,
          description: rule.description,
          ipProtocol: rule.protocol,
          ...(rule.ports ? { fromPort: rule.ports.from, toPort: rule.ports.to } : {}),
          ...admitted(rule.source),
        });
      }
      if (!opensConnections) continue;
      // Everything may go out: carriers and clients are anywhere, and untracked flows need it (see ingressRules).
      new VpcSecurityGroupEgressRule(this, `${role}-to-everywhere`, {
        securityGroupId: groups[role]!.id,
        description: 'Everywhere',
        ipProtocol: '-1',
        cidrIpv4: everywhere,
      });
    }
  }
}
