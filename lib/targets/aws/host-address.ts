import { EipAssociation } from '@cdktf/provider-aws/lib/eip-association/index.js';
import { Eip } from '@cdktf/provider-aws/lib/eip/index.js';
import type { InternetGateway } from '@cdktf/provider-aws/lib/internet-gateway/index.js';
import type { Construct } from 'constructs';
import type { HostInstance } from './host-instance.ts';
import { resourceName, siteTag, type Site } from './site.ts';

interface HostAddressProps {
  readonly site: Pick<Site, 'kind' | 'name'>;
  /** Part of the ids: `sbc-1`. */
  readonly name: string;
  readonly instance: HostInstance;
  /** Private address that it is mapped onto. @default - the instance's first one */
  readonly privateAddress?: string;
  /** Of a VPC that the site made; else undefined. */
  readonly internetGateway: InternetGateway | undefined;
}

/**
 * A host's Elastic IP, which stays while the host is stopped and when its instance is replaced. EC2's own public addresses do not: a host whose
 * second private address has an Elastic IP gets none any more once it was stopped.
 */
export function hostAddress(scope: Construct, props: HostAddressProps): Eip {
  const { name, internetGateway } = props;
  const address = elasticIp(scope, `${name}-address`, props.site, name, internetGateway);
  new EipAssociation(scope, `${name}-association`, {
    allocationId: address.allocationId,
    instanceId: props.instance.instance.id,
    ...(props.privateAddress === undefined ? {} : { privateIpAddress: props.privateAddress }),
  });
  return address;
}

/** An address is mapped only where the VPC has its internet gateway, which goes only once no address is mapped any more. */
export function elasticIp(
  scope: Construct,
  id: string,
  site: Pick<Site, 'kind' | 'name'>,
  suffix: string,
  internetGateway: InternetGateway | undefined,
): Eip {
  return new Eip(scope, id, {
    domain: 'vpc',
    // Operations find it by both, whatever default tags its stack has.
    tags: { Name: resourceName(site, suffix), [siteTag(site)]: site.name },
    ...(internetGateway ? { dependsOn: [internetGateway] } : {}),
  });
}
