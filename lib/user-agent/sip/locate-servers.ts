import { Resolver } from 'node:dns/promises';
import { formatHostPort } from './uri.ts';
import type { Address, TransportProtocol } from './transport.ts';

/** What NAPTR records call a transport, and where its SRV records are when there are none (RFC 3263 section 4.1). */
const names = {
  udp: { service: 'SIP+D2U', prefix: '_sip._udp', port: 5060 },
  tcp: { service: 'SIP+D2T', prefix: '_sip._tcp', port: 5060 },
  tls: { service: 'SIPS+D2T', prefix: '_sips._tcp', port: 5061 },
} as const;

/** An SRV record. */
export interface Target {
  readonly name: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

/**
 * The servers of a domain over a transport, in the order in which they are to be tried (RFC 3263 section 4): by its NAPTR, SRV
 * and A records, as far as it has them.
 *
 * @param from the address that asks
 * @throws Error when the name server does not answer, or knows no address
 */
export async function locateServers(
  domain: string,
  protocol: TransportProtocol,
  nameServer: Address,
  from: string,
): Promise<readonly [Address, ...Address[]]> {
  const resolver = new Resolver({ timeout: 2000, tries: 2 });
  resolver.setServers([formatHostPort(nameServer.address, nameServer.port)]);
  resolver.setLocalAddress(from);
  const { service, prefix, port } = names[protocol];
  const pointer = (await known(resolver.resolveNaptr(domain)))
    .filter((record) => record.flags.toLowerCase() === 's' && record.service.toUpperCase() === service)
    .sort((one, other) => one.order - other.order || one.preference - other.preference)[0];
  const targets = inOrder(await known(resolver.resolveSrv(pointer?.replacement ?? `${prefix}.${domain}`)));
  const hosts = targets.length > 0 ? targets : [{ name: domain, port }];
  const found = await Promise.all(
    hosts.map(async (host) =>
      (await known(resolver.resolve4(host.name))).map((address): Address => ({ address, port: host.port })),
    ),
  );
  const [first, ...others] = found.flat();
  if (first === undefined) throw new Error(`no server of ${domain} is known over ${protocol}`);
  return [first, ...others];
}

/** The records; none where there are none of the kind, or no such name. */
async function known<T>(answer: Promise<T[]>): Promise<T[]> {
  try {
    return await answer;
  } catch (error) {
    if (['ENODATA', 'ENOTFOUND'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}

/** By priority; where that is equal at random, the heavier the likelier first (RFC 2782). @param random 0 to 1 */
export function inOrder(targets: readonly Target[], random: () => number = Math.random): readonly Target[] {
  const left = [...targets].sort((one, other) => one.priority - other.priority || one.weight - other.weight);
  const ordered: Target[] = [];
  while (left.length > 0) {
    const equal = left.filter(({ priority }) => priority === left[0]!.priority);
    let mark = random() * equal.reduce((sum, { weight }) => sum + weight, 0);
    const chosen = equal.find(({ weight }) => (mark -= weight) <= 0) ?? equal[0]!;
    ordered.push(...left.splice(left.indexOf(chosen), 1));
  }
  return ordered;
}
