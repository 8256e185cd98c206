/** The front's edges as objects of Kubernetes, for the least and the most that a front can be. */
import { describe, expect, it } from 'vitest';
import { lateNames } from '../../../../lib/fleet/late-bound.ts';
import { parseFront, type FrontSpec } from '../../../../lib/fleet/schema/front.ts';
import { edgeManifests } from '../../../../lib/targets/kubernetes/edge/manifests.ts';
import type { Container, KubernetesObject } from '../../../../lib/targets/kubernetes/objects.ts';
import { maximalFront, minimalFront, minimalFrontInput } from '../cells.ts';

interface PodSpec {
  readonly initContainers: readonly Container[];
  readonly containers: readonly Container[];
  readonly [field: string]: unknown;
}
interface DaemonSet extends KubernetesObject {
  readonly spec: { readonly template: { readonly spec: PodSpec } };
}
interface ConfigMap extends KubernetesObject {
  readonly data: Readonly<Record<string, string>>;
}
interface Settings {
  readonly network: string;
  readonly own: string;
  readonly taken: readonly string[];
  readonly values: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
  readonly publicAddress: { readonly value: string; readonly annotation: string | null };
  readonly files: readonly { readonly key: string; readonly path: string }[];
}

const region = (spec: FrontSpec): string => spec.regions.at(-1)!.region;
const objectsOf = (spec: FrontSpec) => edgeManifests(spec, region(spec));
const daemonSets = (spec: FrontSpec) => objectsOf(spec).filter(({ kind }) => kind === 'DaemonSet') as DaemonSet[];
const configMaps = (spec: FrontSpec) => objectsOf(spec).filter(({ kind }) => kind === 'ConfigMap') as ConfigMap[];
const podOf = (spec: FrontSpec): PodSpec => daemonSets(spec)[0]!.spec.template.spec;
const all = ({ initContainers, containers }: PodSpec): readonly Container[] => [...initContainers, ...containers];
const settingsOf = ({ data }: ConfigMap) => JSON.parse(data['host.json']!) as Settings;
const fileOf = (spec: FrontSpec, path: string): string => {
  const [map] = configMaps(spec);
  return map!.data[settingsOf(map!).files.find((file) => file.path === path)!.key]!;
};

const fronts = { 'the smallest front': minimalFront, 'the front with everything': maximalFront };

describe('the names of objects, which are an interface', () => {
  it('of a region with two edges', () => {
    const names = objectsOf(minimalFront).map(
      ({ kind, metadata }) => `${kind} ${metadata.name.replace(/-[0-9a-f]{10}$/, '-HASH')}`,
    );
    expect(names).toEqual([
      'Namespace cellstamp-edges-front-eu-west-1',
      'PriorityClass cellstamp-edges-front-eu-west-1',
      'ServiceAccount edge',
      'Role find-hosts',
      'RoleBinding find-hosts',
      'ClusterRole cellstamp-edges-front-eu-west-1',
      'ClusterRoleBinding cellstamp-edges-front-eu-west-1',
      'Service hosts',
      'NetworkPolicy nothing-else',
      'PodDisruptionBudget edge',
      ...['eu-west-1-edge-1', 'eu-west-1-edge-2'].flatMap((edge) => [`ConfigMap ${edge}-HASH`, `DaemonSet ${edge}`]),
    ]);
  });

  it('of containers, in the order in which they start', () => {
    const shown = (spec: FrontSpec) =>
      all(podOf(spec)).map(({ name, restartPolicy }) => (restartPolicy ? `${name} (sidecar)` : name));
    const begin = ['node-files', 'node-settings', 'node-firewall', 'cellstamp-edge-health (sidecar)'];
    const kamailio = ['cellstamp-flood-guard', 'kamailio (sidecar)'];
    expect(shown(minimalFront)).toEqual([...begin, ...kamailio, 'cellstamp-directory-agent']);
    expect(shown(maximalFront)).toEqual([
      ...begin,
      ...kamailio,
      'bird (sidecar)',
      'cellstamp-directory-agent',
      'announce-anycast',
    ]);
  });
});

describe.each(Object.entries(fronts))('%s', (_, spec) => {
  it('is the same every time, and nothing but data', () => {
    const objects = objectsOf(spec);
    expect(objectsOf(spec)).toStrictEqual(objects);
    expect(JSON.parse(JSON.stringify(objects))).toStrictEqual(objects);
  });

  it('has a value for every mark in its files, and marks nowhere else', () => {
    for (const map of configMaps(spec)) {
      const { values, secrets, own, publicAddress } = settingsOf(map);
      const known = [...Object.keys(values), ...secrets, own, publicAddress.value];
      const texts = Object.entries(map.data).filter(([key]) => key !== 'node-files');
      const marks = [...new Set(texts.flatMap(([, text]) => lateNames(text)))];
      expect(marks.filter((mark) => !known.includes(mark))).toEqual([]);
      expect(marks).toContain(own);
    }
    expect(lateNames(JSON.stringify(objectsOf(spec).filter(({ kind }) => kind !== 'ConfigMap')))).toEqual([]);
  });

  it('has no secret in it', () => {
    expect(objectsOf(spec).filter(({ kind }) => kind === 'Secret')).toEqual([]);
    expect(podOf(spec)['volumes']).toContainEqual({
      name: 'secrets',
      secret: { secretName: spec.kubernetes!.secret, defaultMode: 0o400 },
    });
  });

  it('runs on the network of nodes that carry nothing else', () => {
    for (const [index, set] of daemonSets(spec).entries()) {
      const pod = set.spec.template.spec;
      expect(pod).toMatchObject({
        hostNetwork: true,
        dnsPolicy: 'Default',
        nodeSelector: {
          'cellstamp.io/front': spec.name,
          'cellstamp.io/region': region(spec),
          'cellstamp.io/role': 'edge',
          'cellstamp.io/host': String(index + 1),
        },
        tolerations: [{ key: 'cellstamp.io/front', operator: 'Equal', value: spec.name }],
      });
    }
  });

  it('has every container that goes on wait until no call goes through the edge', () => {
    const pod = podOf(spec);
    const goOn = [...pod.containers, ...pod.initContainers.filter(({ restartPolicy }) => restartPolicy)];
    const waits = goOn.map(({ name, lifecycle }) => [name, lifecycle!.preStop.exec.command.join(' ')] as const);
    const limit = `/usr/bin/timeout --preserve-status ${spec.kubernetes!.drainMinutes * 60}`;
    for (const [name, command] of waits) {
      expect(command, name).toContain(limit);
      expect(command, name).toContain(
        name === 'kamailio' ? '/usr/local/lib/cellstamp/edge-drain' : 'while [[ ! -e /run/drained-kamailio ]]',
      );
    }
    expect(Number(pod['terminationGracePeriodSeconds'])).toBeGreaterThan(spec.kubernetes!.drainMinutes * 60);
  });

  it('is privileged only to set the node up, and writes to no image', () => {
    const contexts = all(podOf(spec)).map(({ name, securityContext }) => [name, securityContext] as const);
    expect(contexts.filter(([, { privileged }]) => privileged).map(([name]) => name)).toEqual(['node-settings']);
    expect(contexts.filter(([, context]) => !context.readOnlyRootFilesystem)).toEqual([]);
    expect(contexts.filter(([, one]) => !one.privileged && one.allowPrivilegeEscalation !== false)).toEqual([]);
  });

  it('does not start on a node that has an address which an edge gives itself', () => {
    const [settings] = configMaps(spec).map(settingsOf);
    expect(settings!.taken).toHaveLength(spec.regions.at(-1)!.edges);
    const sockets = fileOf(spec, '/etc/kamailio/kamailio.cfg');
    expect(sockets).toContain(`:${settings!.taken[0]}:`);
    expect(sockets).toContain(`:@@${settings!.own}@@:`);
  });
});

describe('an edge that announces an anycast address', () => {
  it('announces it to every router of its region, as the number of its system', () => {
    const text = fileOf(maximalFront, '/etc/cellstamp/bird.conf');
    expect([...text.matchAll(/neighbor (.*);/g)].map(([, neighbour]) => neighbour)).toEqual([
      '10.202.0.1 as 64602',
      '10.202.0.2 as 64602',
    ]);
    expect(text).toContain('route 198.51.100.0/24 blackhole;');
  });

  it('maps the address onto its own side, and lets nobody but the routers in', () => {
    const rules = fileOf(maximalFront, '/etc/cellstamp/node-firewall.nft');
    const side = settingsOf(configMaps(maximalFront)[0]!).taken[0];
    expect(rules).toContain(`ip daddr 198.51.100.1 ip daddr set ${side}\n`);
    expect(rules).toContain(`ip saddr ${side} ip saddr set 198.51.100.1\n`);
    expect(rules).toContain('tcp dport 179 ip saddr { 10.202.0.1/32, 10.202.0.2/32 } accept\n');
    expect(rules).toContain('tcp dport 179 counter drop comment "bgp"\n');
  });
});

describe('edges without anycast', () => {
  it('have no BGP, and map no address that clients send to', () => {
    expect(fileOf(minimalFront, '/etc/cellstamp/node-firewall.nft')).not.toContain('198.51.100.1');
    expect(() => fileOf(minimalFront, '/etc/cellstamp/bird.conf')).toThrow();
  });
});

describe('a front that can’t be built', () => {
  it('says that it is not on Kubernetes', () => {
    const { domain, regions } = minimalFrontInput;
    expect(() => edgeManifests(parseFront({ domain, regions, local: {} }), 'eu-west-1')).toThrow(
      "front can't be built on Kubernetes",
    );
  });

  it('says which regions it has', () => {
    expect(() => edgeManifests(maximalFront, 'us-east-1')).toThrow(/us-east-1.*eu-west-1, eu-west-2/);
  });
});

it('the keys of the edges’ Secret, which whoever makes it must know, are these', () => {
  expect(settingsOf(configMaps(minimalFront)[0]!).secrets).toEqual(['directory', 'sip_certificate', 'sip_key']);
});
