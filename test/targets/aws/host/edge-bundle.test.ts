import { describe, expect, it } from 'vitest';
import { edgeBundle, edgeBundleFiles } from '../../../../lib/targets/aws/host/edge-bundle.ts';
import { edgeHostConfig } from '../../../../lib/software/edge-host.ts';
import { lateNames } from '../../../../lib/fleet/late-bound.ts';
import { frontOf, maximalFront, minimalFront } from '../synth.ts';

const lines = (text: string) => text.split('\n').filter(Boolean);

describe.each([
  ['the smallest spec', frontOf(minimalFront)],
  ['a full spec', frontOf(maximalFront)],
])('the bundle of an edge for %s', (_, front) => {
  const edge = front.edges[0]!;
  const files = new Map(edgeBundleFiles(front, edge).map(({ path, text }) => [path, text]));

  it('has every file of the edge’s configuration, byte for byte', () => {
    for (const file of edgeHostConfig(front, edge).files) expect(files.get(`files${file.path}`)).toBe(file.text);
  });

  it('starts the flood guard, Kamailio, the directory agent and what answers health checks in this order', () => {
    expect(lines(files.get('services')!)).toEqual([
      'cellstamp-flood-guard.service',
      'kamailio.service',
      'cellstamp-directory-agent.service',
      'cellstamp-edge-health.service',
    ]);
  });

  it('finds out every late-bound value that a file of it has', () => {
    const wanted = new Set(
      [...files].filter(([path]) => path.startsWith('files/')).flatMap(([, text]) => lateNames(text)),
    );
    const found = lines(files.get('values')!).flatMap(
      (line) => /^(?:given|sip_tls) ([a-z_0-9]+)/.exec(line)?.[1] ?? [],
    );
    expect(wanted.size).toBeGreaterThan(0);
    expect([...wanted].filter((name) => !found.includes(name))).toEqual([]);
  });

  it('puts the edge’s second address on before Kamailio listens on it', () => {
    expect(files.get('files/usr/local/lib/cellstamp/addresses')).toContain(`ip address add ${edge.unicastSide}/32`);
    expect(files.get('files/etc/systemd/system/cellstamp-addresses.service')).toMatch(/^Before=kamailio\.service$/m);
  });

  it('is another for every edge', () => {
    expect(new Set(front.edges.map((other) => edgeBundle(front, other).sha256)).size).toBe(front.edges.length);
  });
});
