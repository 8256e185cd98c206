import { Route53Record } from '@cdktf/provider-aws/lib/route53-record/index.js';
import { Route53Zone } from '@cdktf/provider-aws/lib/route53-zone/index.js';
import { Construct } from 'constructs';
import type { Front } from '../../fleet/derive/front.ts';
import { frontRecords, type FrontAddresses } from '../../fleet/dns-records.ts';
import { resourceName } from './site.ts';

export interface FrontZoneProps {
  readonly front: Front;
  readonly addresses: FrontAddresses;
}

/**
 * The zone of the front's domain with the records of `lib/fleet/dns-records.ts`: their number follows from the edges and not from
 * the tenants. The parent domain has to delegate to the zone's name servers.
 */
export class FrontZone extends Construct {
  readonly zone: Route53Zone;
  /** By type and name: `NAPTR *.voice.example.com`. */
  readonly records: ReadonlyMap<string, Route53Record>;

  constructor(scope: Construct, id: string, props: FrontZoneProps) {
    super(scope, id);
    const { front, addresses } = props;
    const { domain } = front.spec;
    this.zone = new Route53Zone(this, 'zone', {
      name: domain,
      comment: `Tenants of the front ${front.name}`,
      tags: { Name: resourceName(front) },
    });
    this.records = new Map(
      frontRecords(front, addresses).map(({ name, type, ttlSeconds, values }) => [
        `${type} ${name}`,
        new Route53Record(this, `${type.toLowerCase()}-${label(name, domain)}`, {
          zoneId: this.zone.zoneId,
          name,
          type,
          ttl: ttlSeconds,
          records: [...values],
        }),
      ]),
    );
  }
}

/** Construct id of a name: its part before the domain. */
function label(name: string, domain: string): string {
  if (name === domain) return 'domain';
  return name
    .slice(0, -domain.length - 1)
    .replace('*', 'tenants')
    .replaceAll('.', '-');
}
