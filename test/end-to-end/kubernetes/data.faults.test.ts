/** A cell whose PostgreSQL and Redis are StatefulSets of its own cluster: calls through it, and what is left when their pods end. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import { users } from '../../../lib/targets/kubernetes/users.ts';
import { describeWith } from '../../requirements.ts';
import { failuresOf, until } from '../lab/lab.ts';
import { Bed, kinds } from './bed.ts';
import { nodeName } from './cluster.ts';
import { makeDataImage } from './kubernetes-lab.ts';
import { serviceAddresses } from './outside.ts';

describeWith(['root', 'debian-packages', 'cluster'], 'a cell with its data in the cluster', () => {
  let bed: Bed;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cellstamp-volumes-'));
    const data = await makeDataImage(process.env['CELLSTAMP_TEST_IMAGES'] ?? folder);
    const inCluster = (cell: CellInput): CellInput => ({
      ...cell,
      kubernetes: {
        ...cell.kubernetes!,
        images: { ...cell.kubernetes!.images, data: data.image },
        database: { host: serviceAddresses.database, inCluster: { by: 'statefulset', storage: '1Gi' } },
        redis: { host: serviceAddresses.redis, inCluster: { storage: '1Gi' } },
      },
    });
    bed = await Bed.up(1, inCluster);
    const { lab } = bed;
    await lab.cluster.load(lab.spareNode(), data.archive);
    // The cluster has nobody who makes volumes.
    for (const [name, owner] of [
      ['database', users.postgres],
      ['redis', users.redis],
    ] as const) {
      const path = join(folder, name);
      await lab.cluster.on(lab.spareNode(), 'install', '-d', `--owner=${owner}`, `--group=${owner}`, path);
      await lab.apply([
        {
          apiVersion: 'v1',
          kind: 'PersistentVolume',
          metadata: { name },
          spec: {
            capacity: { storage: '1Gi' },
            accessModes: ['ReadWriteOnce'],
            claimRef: { name: `data-${name}-0`, namespace: lab.namespace },
            hostPath: { path },
          },
        },
      ]);
    }
    await bed.serve();
  }, 500_000);
  afterAll(async () => {
    await bed?.down();
    rmSync(folder, { recursive: true, force: true });
  }, 120_000);

  it('carries calls with audio and a record each, and its data outlives the pods', async () => {
    const { lab } = bed;
    const { results } = await bed.agents.run({ kinds, calls: 9, ratePerSecond: 5, talkSeconds: 2 });
    expect(failuresOf(results)).toEqual([]);
    expect(await lab.withoutRecord(results)).toEqual([]);
    const [users, records] = [await lab.sql('SELECT count(*) FROM cellstamp.users'), (await lab.records()).length];
    const during = await bed.underCalls(
      'pods of PostgreSQL and Redis deleted',
      { ratePerSecond: 3, talkSeconds: 5 },
      async () => {
        await lab.cluster.kubectl(['delete', 'pod', 'database-0', 'redis-0', `--namespace=${lab.namespace}`]);
        for (const pod of ['database-0', 'redis-0']) {
          const wait = ['wait', '--for=condition=Ready', `pod/${pod}`, '--timeout=90s', `--namespace=${lab.namespace}`];
          await until(async () => (await lab.cluster.tryKubectl(wait)).status === 0, 120);
        }
      },
    );
    expect(failuresOf(during)).toEqual([]);
    expect(await lab.withoutRecord([...results, ...during])).toEqual([]);
    expect(await lab.sql('SELECT count(*) FROM cellstamp.users')).toBe(users);
    expect((await lab.records()).length).toBeGreaterThan(records);
    const [pod] = (await lab.pods()).filter(({ metadata }) => metadata.name === 'database-0');
    expect(pod!.spec.nodeName).toBe(nodeName(lab.spareNode()));
  }, 300_000);
});
