/**
 * DNS records of the front's domain: what a client that follows RFC 3263 finds for `TENANT.DOMAIN`. Pure.
 *
 * They are as many for a million tenants as for one. A wildcard gives every tenant's name the same NAPTR records, these lead to
 * one set of SRV records, and that names the service first and then each edge by its own address: a client that gets no answer
 * from the service goes on to an edge.
 */
import type { Front } from './derive/front.ts';

export interface DnsRecord {
  /** Full name without a dot at its end. */
  readonly name: string;
  readonly type: 'A' | 'NAPTR' | 'SRV';
  readonly ttlSeconds: number;
  /** As in a zone file; names in them are full and end with a dot. */
  readonly values: readonly string[];
}

/** Public addresses, which only a target knows. */
export interface FrontAddresses {
  /** Of the service: the anycast addresses. */
  readonly service: readonly string[];
  /** Each edge's own, by its name. */
  readonly edges: Readonly<Record<string, string>>;
}

/** Names and addresses change when edges come and go: minutes, so that a client soon knows of a new edge. */
const ttlSeconds = 300;

/** SRV priorities (RFC 2782): an edge is tried only after the service. */
const priority = { service: 10, edge: 20 } as const;

/** In the order in which a client that has them all prefers them: encrypted, then reliable (RFC 3263 section 4.1). */
const transports = [
  { spec: 'tls', service: 'SIPS+D2T', srv: '_sips._tcp' },
  { spec: 'tcp', service: 'SIP+D2T', srv: '_sip._tcp' },
  { spec: 'udp', service: 'SIP+D2U', srv: '_sip._udp' },
] as const;

/** Name of the service, under the front's domain. */
const serviceName = ({ spec }: Front) => `sip.${spec.domain}`;

export function frontRecords(front: Front, addresses: FrontAddresses): readonly DnsRecord[] {
  const { domain, edge } = front.spec;
  const record = (name: string, type: DnsRecord['type'], values: readonly string[]): DnsRecord => ({
    name,
    type,
    ttlSeconds,
    values,
  });
  const offered = transports.flatMap(({ spec, ...names }) => {
    const port = edge.transports[spec];
    return port === 'off' ? [] : [{ ...names, port }];
  });
  const naptr = offered.map(
    ({ service, srv }, index) => `${10 * (index + 1)} 10 "S" "${service}" "" ${srv}.${domain}.`,
  );
  const edgeName = (name: string) => `${name}.edge.${domain}`;
  return [
    record(serviceName(front), 'A', addresses.service),
    ...front.edges.map(({ name }) => record(edgeName(name), 'A', [addresses.edges[name]!])),
    ...offered.map(({ srv, port }) =>
      record(`${srv}.${domain}`, 'SRV', [
        `${priority.service} 10 ${port} ${serviceName(front)}.`,
        ...front.edges.map(({ name }) => `${priority.edge} 10 ${port} ${edgeName(name)}.`),
      ]),
    ),
    // The domain itself, and whatever is below it and has no records of its own: the tenants.
    ...[domain, `*.${domain}`].flatMap((name) => [record(name, 'NAPTR', naptr), record(name, 'A', addresses.service)]),
  ];
}
