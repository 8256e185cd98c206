/** What takes longer of a cell on a real cluster: pods end, a node is replaced or loses its power, a kubelet dies, the control plane is away, each under calls. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../../requirements.ts';
import { withinTenant } from '../lab/acme.ts';
import { failuresOf, until } from '../lab/lab.ts';
import { Bed, gapsOf, kinds, seconds } from './bed.ts';
import { nodeName } from './cluster.ts';
import type { KubernetesLab } from './kubernetes-lab.ts';
import { relayAddress } from './outside.ts';
import { neighbourOf, relaysAreHome, relaysOf } from './relays.ts';

const runs = Array.from({ length: Number(process.env['RUNS'] ?? 3) }, (_, index) => index + 1);

describeWith(['root', 'debian-packages', 'cluster'], 'a cell on a real cluster, for longer', () => {
  let bed: Bed;
  let lab: KubernetesLab;

  beforeAll(async () => {
    bed = await Bed.up(1);
    lab = bed.lab;
    await bed.serve();
  }, 500_000);
  afterAll(() => bed?.down(), 120_000);

  /** Until a call has its audio by way of the relay of a media host. */
  const servedBy = (relay: number) =>
    until(async () => {
      const { results } = await bed.agents.run({
        kinds: [withinTenant],
        calls: 3,
        ratePerSecond: 10,
        talkSeconds: 0.5,
      });
      return results.some(({ mediaAddress }) => mediaAddress.caller === relayAddress(relay));
    }, 60);

  it.each(runs)(
    'gives a media host to another node: no call is lost, and the new node has calls (run %i)',
    async (run) => {
      const [from, to] = run % 2 === 1 ? [5, 6] : [6, 5];
      let after = '';
      const results = await bed.underCalls(
        'media host to another node',
        { ratePerSecond: 3, talkSeconds: 5, maximumLoss: 0.5 },
        async () => {
          await lab.cluster.kubectl(['label', 'node', nodeName(from), 'cellstamp.io/host-']);
          await lab.cluster.kubectl(['taint', 'node', nodeName(from), 'cellstamp.io/cell-']);
          await lab.give('media-3', to);
          await until(
            async () =>
              (await lab.pods()).some(
                ({ spec, metadata }) => spec.nodeName === nodeName(to) && metadata.deletionTimestamp === undefined,
              ),
            60,
          );
          await until(() => lab.isReady('media-3'), 90);
          const ready = Date.now();
          await until(async () => (await relaysOf(lab, 'media-3')).get(3) === 'holds', 60);
          await servedBy(3);
          after = seconds(Date.now() - ready);
        },
      );
      console.log(`the new node has its first call ${after} after it is ready`);
      expect(failuresOf(results)).toEqual([]);
      expect(await lab.withoutRecord(results)).toEqual([]);
    },
  );

  it.each(runs)('loses no call when a media pod is deleted (run %i)', async () => {
    const before = await lab.pod('media-1');
    const results = await bed.underCalls(
      'media pod deleted',
      { ratePerSecond: 3, talkSeconds: 5, maximumLoss: 0.5 },
      async () => {
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
      },
    );
    expect(failuresOf(results)).toEqual([]);
    expect(await lab.withoutRecord(results)).toEqual([]);
  });

  it.each(runs)('loses no call when the node of a media host loses its power, under load (run %i)', async () => {
    const load = { ratePerSecond: 3, talkSeconds: 5, maximumLoss: 0.5 };
    const results = await bed.underCalls('power cut of media-2', load, async () => {
      await lab.cluster.powerCut(lab.node('media-2'));
      await new Promise((resolve) => setTimeout(resolve, 10_000));
    });
    expect(failuresOf(results)).toEqual([]);
    await bed.nothingIsLeftOf(results, ['media-1', 'media-3']);
    await lab.cluster.boot(lab.node('media-2'));
    const began = Date.now();
    await until(() => relaysAreHome(lab), 150);
    await servedBy(2);
    console.log(`media-2 has calls ${seconds(Date.now() - began)} after its node has power again`);
  });

  it.each(runs)('moves calls off a media host that is drained, and back (run %i)', async () => {
    await until(() => relaysAreHome(lab), 60);
    const run = await bed.callsThatWait(9);
    await bed.operateOn('drain', 'media-3');
    expect((await relaysOf(lab, neighbourOf(lab, 3))).get(3)).toBe('holds');
    const { results: elsewhere } = await bed.agents.run({ kinds, calls: 6, ratePerSecond: 5, talkSeconds: 1 });
    expect(failuresOf(elsewhere)).toEqual([]);
    expect(elsewhere.map(({ mediaAddress }) => mediaAddress.caller)).not.toContain(relayAddress(3));
    await bed.operateOn('undrain', 'media-3');
    expect((await relaysOf(lab, 'media-3')).get(3)).toBe('holds');
    run.resume('lost');
    const { results } = await run.finished;
    console.log(`longest gaps over two hand-overs, ms: ${gapsOf(results).join(' ')}`);
    expect(failuresOf(results)).toEqual([]);
    await bed.nothingIsLeftOf(results, ['media-1', 'media-2', 'media-3']);
  });

  it.each(runs)('goes on while a kubelet dies and comes back (run %i)', async () => {
    const before = (await lab.pods()).map(({ metadata }) => metadata.name).sort();
    const results = await bed.underCalls('kubelet dies', { ratePerSecond: 3, talkSeconds: 5 }, async () => {
      for (const host of ['media-1', 'sbc-1']) await lab.cluster.killKubelet(lab.node(host));
      await new Promise((resolve) => setTimeout(resolve, 5000));
      for (const host of ['media-1', 'sbc-1']) await lab.cluster.startKubelet(lab.node(host));
      await lab.ready(['media-1', 'sbc-1']);
    });
    expect(failuresOf(results)).toEqual([]);
    expect((await lab.pods()).map(({ metadata }) => metadata.name).sort()).toEqual(before);
  });

  it.each(runs)('goes on while Kamailio of the active SBC is killed (run %i)', async () => {
    const active = (await lab.active())!;
    const results = await bed.underCalls('Kamailio killed', { ratePerSecond: 3, talkSeconds: 5 }, async () => {
      await lab.cluster.on(lab.node(active), 'pkill', '-KILL', '-x', 'kamailio');
      await until(async () => ![undefined, active].includes(await lab.active()), 20);
      await lab.ready([active]);
    });
    expect(failuresOf(results)).toEqual([]);
    expect(await lab.withoutRecord(results)).toEqual([]);
  });

  it('takes and ends calls while API server and controllers are away for 5 minutes', async () => {
    const results = await bed.underCalls('control plane away', { ratePerSecond: 2, talkSeconds: 5 }, async () => {
      await lab.cluster.freezeControlPlane();
      await new Promise((resolve) => setTimeout(resolve, 300_000));
      await lab.cluster.thawControlPlane();
    });
    expect(failuresOf(results)).toEqual([]);
    expect(await lab.withoutRecord(results)).toEqual([]);
    await lab.ready();
    const { results: later } = await bed.agents.run({ kinds, calls: 9, ratePerSecond: 5, talkSeconds: 1 });
    expect(failuresOf(later)).toEqual([]);
  }, 480_000);
});
