import { describe, expect, it } from 'vitest';
import { formatFinding } from '../../../lib/config-file/finding.ts';
import { loadFleet } from '../../../lib/fleet/fleet.ts';

const image = `registry.example.com/cellstamp-edge@sha256:${'0a'.repeat(32)}`;

/** @param front lines of the section `kubernetes` of the front @param region of that of its region */
function checked(front: string, region = '', rest = ''): readonly string[] {
  const text = `domain: voice.example.com
regions:
  - region: eu-west-1
    network: 10.32.0.0/24
${region}kubernetes:
  image: ${image}
${front}${rest}`;
  return loadFleet([{ path: 'cells/front.yaml', text }]).findings.map(formatFinding);
}

const bgp = (...neighbours: readonly string[]) => `    kubernetes:
      bgp:
        system: 64512
        neighbours:
${neighbours.map((address) => `          - { address: ${address}, system: 64600 }\n`).join('')}`;
const anycast = (address: string, range = '198.51.100.0/24') => `  anycast:
    address: ${address}
    range: ${range}
`;

describe('a front on Kubernetes', () => {
  it('is right with little, and with anycast', () => {
    expect(checked('')).toEqual([]);
    expect(checked(anycast('198.51.100.1'), bgp('10.32.0.1', '10.32.0.2'))).toEqual([]);
  });

  it.each([
    [
      'a port of Services',
      checked('', '', 'edge: { transports: { tls: 31000 } }\n'),
      'error edge.transports.tls: 31000 is one of the ports that the cluster gives to Services (30000-32767); allowed: a port outside 30000-32767, or the cluster’s own range as kubernetes.nodes.nodePorts',
    ],
    [
      'a port of the kubelet',
      checked('', '', 'health: { port: 10250 }\n'),
      'error health.port: 10250 is one of 10248-10259, the ports of the kubelet and its neighbours; allowed: a port outside 10248-10259',
    ],
    [
      'a drain longer than its nodes wait',
      checked('  nodes: { managedBy: aks-managed }\n'),
      'error kubernetes.drainMinutes: 240 minutes are longer than aks-managed waits for a pod, and then cuts its calls; allowed: at most 30, or nodes that are self-managed or of karpenter',
    ],
    [
      'an anycast address that a region does not announce',
      checked(anycast('198.51.100.1')),
      'error regions[0].kubernetes: no router learns 198.51.100.1 in eu-west-1; allowed: bgp with the routers of the region, or no section kubernetes.anycast',
    ],
    [
      'routers, and nothing to announce to them',
      checked('', bgp('10.32.0.1')),
      'error regions[0].kubernetes.bgp: the edges of eu-west-1 have nothing to announce; allowed: no bgp, or a section kubernetes.anycast of the front',
    ],
    [
      'an address outside of what is announced',
      checked(anycast('203.0.113.1'), bgp('10.32.0.1')),
      'error kubernetes.anycast.address: 203.0.113.1 is not in 198.51.100.0/24, which is announced; allowed: an address of 198.51.100.0/24',
    ],
    [
      'an address of its own network',
      checked(anycast('10.32.0.9', '10.32.0.0/24'), bgp('10.32.0.1')),
      'error kubernetes.anycast.address: 10.32.0.9 is in 10.32.0.0/24, which no caller reaches; allowed: an address to which callers send, outside of the regions’ networks',
    ],
    [
      'a router twice',
      checked(anycast('198.51.100.1'), bgp('10.32.0.1', '10.32.0.1')),
      'error regions[0].kubernetes.bgp.neighbours[1].address: 10.32.0.1 is a neighbour twice; allowed: each router once',
    ],
  ])('is refused with %s', (_, findings, finding) => {
    expect(findings.map((line) => line.replace(/^cells\/front\.yaml:\d+:\d+ /, ''))).toContainEqual(
      expect.stringContaining(finding),
    );
  });

  it('is told all that is wrong at once', () => {
    expect(checked(anycast('203.0.113.1'), '', 'edge: { transports: { tls: 31000 } }\n')).toHaveLength(3);
  });
});
