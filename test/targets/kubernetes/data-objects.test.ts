/** PostgreSQL and Redis in the cluster, as objects. */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { parseCell } from '../../../lib/fleet/schema/cell.ts';
import { manifests } from '../../../lib/targets/kubernetes/manifests.ts';
import type { KubernetesObject } from '../../../lib/targets/kubernetes/objects.ts';
import { maximal, minimal, minimalInput, onLaptop, operated } from './cells.ts';

const named = (objects: readonly KubernetesObject[], names: readonly string[]) =>
  objects
    .filter(({ metadata }) => names.includes(metadata.name))
    .map(({ kind, metadata }) => `${kind} ${metadata.name}`);
const data = ['database', 'redis'];
const find = (objects: readonly KubernetesObject[], kind: string, name: string) =>
  objects.find((one) => one.kind === kind && one.metadata.name === name)!;

describe('the data of a cell', () => {
  it.each([minimal, maximal])('is elsewhere by default', (spec) => {
    expect(named(manifests(spec), data)).toEqual([]);
  });

  it('is a StatefulSet each for laptops, which says so, at the address of the cell’s file', () => {
    const objects = manifests(onLaptop);
    expect(named(objects, data)).toEqual(
      data.flatMap((part) => [`NetworkPolicy ${part}`, `Service ${part}`, `StatefulSet ${part}`]),
    );
    for (const [part, clusterIP] of [
      ['database', '10.96.200.5'],
      ['redis', '10.96.200.6'],
    ] as const) {
      expect(find(objects, 'Service', part)['spec']).toMatchObject({ clusterIP });
      expect(find(objects, 'StatefulSet', part).metadata.annotations!['kubernetes.io/description']).toContain(
        'for laptops and tests',
      );
      // Nothing but the hosts of the cell reaches it, and it reaches nobody.
      expect(find(objects, 'NetworkPolicy', part)['spec']).toMatchObject({
        policyTypes: ['Ingress', 'Egress'],
        ingress: [
          { from: [{ ipBlock: { cidr: onLaptop.network } }], ports: [{ port: part === 'redis' ? 6379 : 5432 }] },
        ],
      });
    }
  });

  interface StatefulSetSpec {
    readonly updateStrategy: object;
    readonly template: {
      readonly spec: {
        readonly securityContext: object;
        readonly containers: readonly [{ readonly command: readonly string[]; readonly lifecycle?: object }];
      };
    };
  }
  const statefulSet = (part: string) => find(manifests(onLaptop), 'StatefulSet', part)['spec'] as StatefulSetSpec;
  const containerOf = (part: string) => statefulSet(part).template.spec.containers[0];
  const scriptOf = (part: string) => containerOf(part).command.at(-1)!;

  it('starts by commands that a shell takes', () => {
    for (const part of data) {
      const { status, stderr } = spawnSync('bash', ['-n'], { input: scriptOf(part), encoding: 'utf8' });
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    }
  });

  it('keeps the permissions of its volume where the group has it already', () => {
    for (const part of data) {
      expect(statefulSet(part).template.spec.securityContext).toMatchObject({ fsGroupChangePolicy: 'OnRootMismatch' });
    }
  });

  it('has a new release when somebody deletes its pod', () => {
    for (const part of data) expect(statefulSet(part).updateStrategy).toEqual({ type: 'OnDelete' });
  });

  it('waits a day for the recovery of PostgreSQL and for its end, and nothing ends the pod before', () => {
    const waits = scriptOf('database').match(/^pg_ctl .*/gm)!;
    expect(waits).toHaveLength(2);
    const { lifecycle } = containerOf('database') as { lifecycle: { preStop: { exec: { command: string[] } } } };
    for (const command of [...waits, lifecycle.preStop.exec.command.join(' ')]) {
      expect(command).toContain(' --wait --timeout=86400 ');
    }
    expect(containerOf('database')).not.toHaveProperty('startupProbe');
    expect(containerOf('database')).not.toHaveProperty('livenessProbe');
  });

  it('gives the folder of PostgreSQL its name once its files are on disk', () => {
    expect(scriptOf('database')).not.toContain('--no-sync');
    expect(scriptOf('database')).toMatch(/initdb [^]*\n  sync \$data\.new\/pg_hba\.conf\n  mv \$data\.new \$data\n/);
  });

  it('is a Cluster of CloudNativePG whose primary has the address, with a certificate for it', () => {
    const objects = manifests(operated);
    expect(named(objects, data)).toEqual(['NetworkPolicy database', 'Cluster database']);
    expect(find(objects, 'Cluster', 'database')['spec']).toMatchObject({
      instances: 3,
      storage: { size: '50Gi', storageClass: 'fast' },
      bootstrap: { initdb: { database: 'cellstamp', owner: 'cellstamp_admin' } },
      managed: {
        roles: [{ name: 'cellstamp_admin', createrole: true }],
        services: { additional: [{ selectorType: 'rw', serviceTemplate: { spec: { clusterIP: '10.96.200.5' } } }] },
      },
      certificates: { serverTLSSecret: 'database-tls', serverCASecret: 'database-ca' },
    });
  });

  const instancesOf = (instances?: number) => {
    const database = { host: '10.96.200.5', inCluster: { by: 'cloudnative-pg', instances } } as const;
    const spec = parseCell({ ...minimalInput, kubernetes: { ...minimalInput.kubernetes, database } });
    return find(manifests(spec), 'Cluster', 'database')['spec'];
  };

  it('is a Cluster of two unless the cell’s file says otherwise', () => {
    expect(instancesOf()).toMatchObject({ instances: 2 });
  });

  it('is on a node that can be drained, also where there is one instance', () => {
    expect(instancesOf(1)).toMatchObject({ instances: 1, enablePDB: false });
    expect(instancesOf(2)).not.toHaveProperty('enablePDB');
  });

  it('lets in the hosts, the other instances and the operator', () => {
    const instances = { podSelector: { matchLabels: { 'cnpg.io/cluster': 'database' } } };
    const operator = {
      namespaceSelector: {},
      podSelector: { matchLabels: { 'app.kubernetes.io/name': 'cloudnative-pg' } },
    };
    expect(find(manifests(operated), 'NetworkPolicy', 'database')['spec']).toMatchObject({
      ingress: [
        { from: [{ ipBlock: { cidr: operated.network } }], ports: [{ port: 5432 }] },
        { from: [instances] },
        { from: [operator], ports: [{ port: 8000 }, { port: 5432 }] },
      ],
    });
  });
});
