/**
 * Security group rules from the ports that a site's programs listen on: plain data, so that they can be tested and read
 * without Terraform.
 */
import type { Role } from '../../fleet/derive/cell.ts';
import type { ListeningPort, Peer } from '../../software/host-config.ts';

export interface IngressRule {
  /** Stable within the group: `sip-udp-from-internet`. */
  readonly id: string;
  /** `udp`, `tcp`, or the number of the IP protocol. */
  readonly protocol: string;
  /** Both ends included; none where the protocol has no ports. */
  readonly ports?: { readonly from: number; readonly to: number };
  readonly source: { readonly role: Role } | { readonly range: string } | { readonly healthCheckers: true };
  readonly description: string;
}

export const everywhere = '0.0.0.0/0';

/** The number of VRRP among IP protocols (IANA). */
const vrrp = '112';

/** What EC2 takes in a rule's description, 255 characters at most. */
const forbiddenInDescription = /[^a-zA-Z0-9. _\-:/()#,@[\]+=&;{}!$*]/g;

/**
 * The rules that admit the peers of a role's ports.
 *
 * A port that is open to the internet gets one rule from everywhere. Together with egress to everywhere, which SBCs and media
 * hosts have, EC2 then does not track its flows (EC2 User Guide, "Untracked connections"): RTP costs no connection-tracking
 * entry. Narrowing such a rule to some ranges would turn tracking on.
 *
 * A rule that names a role's group matches the private addresses of its members' interfaces only, not an overlay address that
 * a member speaks from: that has to stand in the ports as a range.
 */
export function ingressRules(ports: readonly ListeningPort[]): readonly IngressRule[] {
  const rules = new Map<string, IngressRule>();
  for (const port of ports) {
    for (const peer of port.peers) {
      for (const source of sources(peer)) {
        const id = `${port.name}-from-${source.name}`;
        if (rules.has(id)) continue;
        rules.set(id, {
          id,
          protocol: port.protocol === 'vrrp' ? vrrp : port.protocol,
          ...(port.protocol === 'vrrp' ? {} : { ports: { from: port.from, to: port.to } }),
          source: source.source,
          description: port.description.replace(forbiddenInDescription, ' ').slice(0, 255),
        });
      }
    }
  }
  return [...rules.values()];
}

function sources(peer: Peer): readonly { readonly name: string; readonly source: IngressRule['source'] }[] {
  if ('internet' in peer) return [{ name: 'internet', source: { range: everywhere } }];
  if ('healthCheckers' in peer) return [{ name: 'health-checkers', source: { healthCheckers: true } }];
  if ('ranges' in peer)
    return peer.ranges.map((range) => ({ name: range.replace(/[./]/g, '-'), source: { range: withPrefix(range) } }));
  return [{ name: peer.role, source: { role: peer.role } }];
}

function withPrefix(range: string): string {
  return range.includes('/') ? range : `${range}/32`;
}
