import { SecurityGroup } from '@cdktf/provider-aws/lib/security-group/index.js';
import { VpcSecurityGroupEgressRule } from '@cdktf/provider-aws/lib/vpc-security-group-egress-rule/index.js';
import { VpcSecurityGroupIngressRule } from '@cdktf/provider-aws/lib/vpc-security-group-ingress-rule/index.js';
import { Construct } from 'constructs';
import type { Cell, Role } from '../cell/cell.ts';
import type { ListeningPort } from '../software/host-config.ts';
import type { CellNetwork } from './cell-network.ts';
import { resourceName } from './names.ts';
import { everywhere, ingressRules } from './security-rules.ts';

export interface CellSecurityProps {
  readonly cell: Cell;
  readonly network: CellNetwork;
  /** What the hosts of each role listen on. */
  readonly ports: Readonly<Record<Role, readonly ListeningPort[]>>;
}

const descriptions: Readonly<Record<Role, string>> = {
  sbc: 'Session border controllers',
  media: 'Media hosts',
  database: 'PostgreSQL cluster',
  redis: 'Redis replication group',
};

/** A security group a role; who may reach what follows from the ports alone. */
export class CellSecurity extends Construct {
  readonly groups: Readonly<Record<Role, SecurityGroup>>;

  constructor(scope: Construct, id: string, props: CellSecurityProps) {
    super(scope, id);
    const { cell, network, ports } = props;
    const group = (role: Role) =>
      new SecurityGroup(this, role, {
        name: resourceName(cell, role),
        description: descriptions[role],
        vpcId: network.vpc.id,
        tags: { Name: resourceName(cell, role) },
      });
    this.groups = { sbc: group('sbc'), media: group('media'), database: group('database'), redis: group('redis') };

    for (const role of ['sbc', 'media', 'database', 'redis'] as const) {
      for (const rule of ingressRules(ports[role])) {
        new VpcSecurityGroupIngressRule(this, `${role}-${rule.id}`, {
          securityGroupId: this.groups[role].id,
          description: rule.description,
          ipProtocol: rule.protocol,
          ...(rule.ports ? { fromPort: rule.ports.from, toPort: rule.ports.to } : {}),
          ...('range' in rule.source
            ? { cidrIpv4: rule.source.range }
            : { referencedSecurityGroupId: this.groups[rule.source.role].id }),
        });
      }
    }
    // Everything may go out: carriers and clients are anywhere, and untracked flows need it (see ingressRules). The databases
    // open no connections.
    for (const role of ['sbc', 'media'] as const) {
      new VpcSecurityGroupEgressRule(this, `${role}-to-everywhere`, {
        securityGroupId: this.groups[role].id,
        description: 'Everywhere',
        ipProtocol: '-1',
        cidrIpv4: everywhere,
      });
    }
  }
}
