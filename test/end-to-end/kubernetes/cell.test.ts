/** A cell on a real cluster: its release is rolled and a node loses its power while calls with audio are up and come. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import { kubernetesCell } from '../../../lib/targets/kubernetes/operations/cell-port.ts';
import { describeWith } from '../../requirements.ts';
import { failuresOf, until } from '../lab/lab.ts';
import { Bed, gapsOf, kinds, seconds } from './bed.ts';
import { KubernetesLab } from './kubernetes-lab.ts';
import { relayAddress } from './outside.ts';
import { callsByRelay, neighbourOf, relaysAreHome, relaysOf } from './relays.ts';

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
      new Set([1, 2, 3].map(relayAddress)),
    );
    expect(await lab.withoutRecord(results)).toEqual([]);
  });

  it('has its calls back within 2 s when the node of a media host loses its power, and later the relay at home', async () => {
    await until(() => relaysAreHome(lab), 60);
    const run = await bed.callsThatWait(9);
    expect((await callsByRelay(lab)).get(1)).toBe(3);
    const neighbour = neighbourOf(lab, 1);
    const began = Date.now();
    await lab.cluster.powerCut(lab.node('media-1'));
    await until(async () => (await relaysOf(lab, neighbour)).get(1) === 'holds', 10);
    console.log(
      `${neighbour} is known to have the relay of media-1 ${seconds(Date.now() - began)} after its node is dead`,
    );
    await sleep(1500);
    run.resume('lost');
    const { results } = await run.finished;
    expect(failuresOf(results)).toEqual([]);
    const moved = results.filter(({ mediaAddress }) => mediaAddress.caller === relayAddress(1));
    console.log(`longest gaps of the ${moved.length} calls that moved, ms: ${gapsOf(moved).join(' ')}`);
    expect(moved).toHaveLength(3);
    expect(gapsOf(moved).at(-1)).toBeLessThan(2000);
    await bed.nothingIsLeftOf(results, ['media-2', 'media-3']);
    const records = await lab.records();
    for (const { callId } of results) {
      const end = records.find(({ call, event }) => call === callId && event === 'end')!;
      expect([end.reason, end.partial]).toEqual(['hung_up', moved.some((call) => call.callId === callId)]);
    }
    // New calls go to the others, and none waits for the node that is away.
    const { results: later } = await bed.agents.run({ kinds, calls: 6, ratePerSecond: 10, talkSeconds: 0.5 });
    expect(failuresOf(later)).toEqual([]);

    await lab.cluster.boot(lab.node('media-1'));
    const booted = Date.now();
    await until(() => relaysAreHome(lab), 120);
    console.log(`every relay is at home ${seconds(Date.now() - booted)} after the node has power again`);
    await lab.ready();
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
    // A relay that moves and comes back costs its calls some packets.
    const load = { ratePerSecond: 7, talkSeconds: 3, maximumLoss: 0.5 };
    const results = await bed.underCalls('roll of 2 SBCs and 3 media hosts', load, () => bed.operate('roll'));
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
    // Each media host's relay comes home before the next one goes, which takes its time on a busy machine.
  }, 400_000);

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
});
