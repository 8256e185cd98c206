/** A cell on a real cluster: its pods end, its release changes, its nodes lose their power, while calls with audio are up and come. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import { kubernetesCell } from '../../../lib/targets/kubernetes/operations/cell-port.ts';
import { describeWith } from '../../requirements.ts';
import { withinTenant } from '../lab/acme.ts';
import { failuresOf, until } from '../lab/lab.ts';
import { Bed, kinds, seconds } from './bed.ts';
import { KubernetesLab } from './kubernetes-lab.ts';
import { publicAddress } from './outside.ts';

describeWith(['root', 'debian-packages', 'cluster'], 'a cell on a real cluster', () => {
  let bed: Bed;
  let lab: KubernetesLab;

  beforeAll(async () => {
    bed = await Bed.up();
    lab = bed.lab;
  }, 400_000);
  afterAll(() => bed?.down(), 120_000);

  const versions = async () =>
    Object.fromEntries(
      (
        await lab.cluster.get<{
          items: { kind: string; metadata: { name: string; resourceVersion: string; generation?: number } }[];
        }>(
          'daemonsets,configmaps,services,poddisruptionbudgets,roles,rolebindings,serviceaccounts',
          `--namespace=${lab.namespace}`,
        )
      ).items.map(({ kind, metadata }) => [
        `${kind} ${metadata.name}`,
        // A DaemonSet's status changes by itself.
        kind === 'DaemonSet' || kind === 'PodDisruptionBudget' ? metadata.generation : metadata.resourceVersion,
      ]),
    );

  it('becomes ready from its objects, and the same objects again change nothing', async () => {
    const began = Date.now();
    await lab.apply(lab.objects());
    await lab.ready();
    console.log(`every host is ready ${seconds(Date.now() - began)} after its objects`);
    const before = await versions();
    await lab.apply(lab.objects());
    expect(await versions()).toEqual(before);
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: lab.objects() });
    const { status, stdout } = await lab.cluster.tryKubectl(['diff', '--server-side', '--filename=-'], list);
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
  });

  it('carries calls with audio, on every media host, with a record each', async () => {
    await bed.serve();
    const { results } = await bed.agents.run({ kinds, calls: 9, ratePerSecond: 5, talkSeconds: 2 });
    expect(failuresOf(results)).toEqual([]);
    expect(new Set(results.map(({ mediaAddress }) => mediaAddress.caller))).toEqual(
      new Set([3, 4, 5].map(publicAddress)),
    );
    expect(await lab.withoutRecord(results)).toEqual([]);
  });

  it('has one operation at a time', async () => {
    const port = kubernetesCell(lab.spec);
    await port.exclusively('first', async () => {
      await expect(port.exclusively('second', () => Promise.resolve())).rejects.toThrow(
        /^another operation works on cell k8s-lab: first of /,
      );
    });
    expect(await port.exclusively('third', () => Promise.resolve('done'))).toBe('done');
  });

  it('loses no call when a media pod is deleted', async () => {
    const before = await lab.pod('media-1');
    const results = await bed.underCalls('media pod deleted', { ratePerSecond: 3, talkSeconds: 5 }, async () => {
      await lab.cluster.kubectl([
        'delete',
        'pod',
        before!.metadata.name,
        `--namespace=${lab.namespace}`,
        '--wait=false',
      ]);
      await until(
        async () =>
          (await lab.isReady('media-1')) && (await lab.pod('media-1'))!.metadata.name !== before!.metadata.name,
        90,
      );
      const { results: later } = await bed.agents.run({ kinds, calls: 6, ratePerSecond: 5, talkSeconds: 1 });
      expect(failuresOf(later)).toEqual([]);
    });
    expect(failuresOf(results)).toEqual([]);
    expect(await lab.withoutRecord(results)).toEqual([]);
  });

  it('loses no call when its release is rolled', async () => {
    const change = (cell: CellInput): CellInput => ({
      ...cell,
      media: { ...cell.media, relay: { calls: 321 } },
      sbc: { flood: { banSeconds: 77 } },
    });
    bed.write(change);
    const changed = KubernetesLab.spec(bed.images, change);
    const before = await lab.pods();
    await lab.apply(lab.objects(changed));
    // Nobody ends a pod by applying.
    expect((await lab.pods()).map(({ metadata }) => metadata.name).sort()).toEqual(
      before.map(({ metadata }) => metadata.name).sort(),
    );
    const results = await bed.underCalls('roll of 2 SBCs and 3 media hosts', { ratePerSecond: 4, talkSeconds: 5 }, () =>
      bed.operate('roll'),
    );
    expect(failuresOf(results)).toEqual([]);
    expect(await lab.withoutRecord(results)).toEqual([]);
    const after = await lab.pods();
    const names = new Set(before.map(({ metadata }) => metadata.name));
    expect(after.filter(({ metadata }) => names.has(metadata.name))).toEqual([]);
    // Once more: there is nothing to do.
    await bed.operate('roll');
    expect((await lab.pods()).map(({ metadata }) => metadata.name).sort()).toEqual(
      after.map(({ metadata }) => metadata.name).sort(),
    );
  });

  it('loses no call when the node of the active SBC loses its power, and gets the SBC back', async () => {
    const active = (await lab.active())!;
    const results = await bed.underCalls(`power cut of ${active}`, { ratePerSecond: 3, talkSeconds: 5 }, async () => {
      await lab.cluster.powerCut(lab.node(active));
      await until(async () => ![undefined, active].includes(await lab.active()), 20);
    });
    expect(failuresOf(results)).toEqual([]);
    await lab.cluster.boot(lab.node(active));
    const began = Date.now();
    await until(
      async () => (await lab.kamcmd(active, 'core.uptime').catch(() => '')) !== '' && (await lab.isReady(active)),
      120,
    );
    console.log(`${active} is ready ${seconds(Date.now() - began)} after its node has power again`);
  });

  it('takes new calls elsewhere when the node of a media host loses its power', async () => {
    await lab.cluster.powerCut(lab.node('media-2'));
    const { results } = await bed.agents.run({ kinds, calls: 12, ratePerSecond: 3, talkSeconds: 1 });
    expect(failuresOf(results)).toEqual([]);
    expect(results.map(({ mediaAddress }) => mediaAddress.caller)).not.toContain(publicAddress(lab.node('media-2')));
    await lab.cluster.boot(lab.node('media-2'));
    const began = Date.now();
    await until(async () => {
      const { results: later } = await bed.agents.run({
        kinds: [withinTenant],
        calls: 3,
        ratePerSecond: 10,
        talkSeconds: 0.5,
      });
      return later.some(({ mediaAddress }) => mediaAddress.caller === publicAddress(lab.node('media-2')));
    }, 120);
    console.log(`media-2 has calls ${seconds(Date.now() - began)} after its node has power again`);
  });
});
