/** What takes longer of a cell on a real cluster: pods end, a node is replaced or loses its power, a kubelet dies, the control plane is away, each under calls. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import { describeWith } from '../../requirements.ts';
import { withinTenant } from '../lab/acme.ts';
import { failuresOf, until } from '../lab/lab.ts';
import { Bed, gapsOf, kinds, seconds } from './bed.ts';
import { nodeName } from './cluster.ts';
import { KubernetesLab } from './kubernetes-lab.ts';
import { relayAddress } from './outside.ts';
import { neighbourOf, relaysAreHome, relaysOf } from './relays.ts';

const runs = Array.from({ length: Number(process.env['RUNS'] ?? 3) }, (_, index) => index + 1);

describeWith(['root', 'debian-packages', 'cluster'], 'a cell on a real cluster, for longer', () => {
  let bed: Bed;
  let lab: KubernetesLab;

  beforeAll(async () => {
    bed = await Bed.up(1);
    lab = bed.lab;
    const began = Date.now();
    await bed.serve();
    const one = { kinds: [withinTenant], calls: 1, ratePerSecond: 1, talkSeconds: 0.5 };
    expect(failuresOf((await bed.agents.run(one)).results)).toEqual([]);
    console.log(`the first call has been answered and has ended ${seconds(Date.now() - began)} after the objects`);
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
    async () => {
      const to = lab.spareNode();
      let after = '';
      const results = await bed.underCalls(
        'media host to another node',
        { ratePerSecond: 3, talkSeconds: 5, maximumLoss: 0.5 },
        async () => {
          await lab.take('media-3');
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
    try {
      expect(failuresOf(results)).toEqual([]);
      await bed.nothingIsLeftOf(results, ['media-1', 'media-3']);
    } finally {
      await lab.cluster.boot(lab.node('media-2'));
    }
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

  it.each(runs)('hands over when the active SBC is drained, and keeps to that when its pod ends (run %i)', async () => {
    const active = (await lab.active())!;
    const [other] = lab.cell.sbcs.flatMap(({ name }) => (name === active ? [] : [name]));
    const results = await bed.underCalls('active SBC drained', { ratePerSecond: 3, talkSeconds: 5 }, async () => {
      await bed.operateOn('drain', active);
      expect(await lab.active()).toBe(other);
      const { metadata } = (await lab.pod(active))!;
      await lab.cluster.kubectl(['delete', 'pod', metadata.name, `--namespace=${lab.namespace}`]);
      await until(async () => (await lab.kamcmd(active, 'core.uptime').catch(() => '')) !== '', 90);
      expect(await lab.active()).toBe(other);
      await bed.operateOn('undrain', active);
      expect(await lab.active()).toBe(other);
      await lab.ready([active]);
    });
    expect(failuresOf(results)).toEqual([]);
    expect(await lab.withoutRecord(results)).toEqual([]);
  });

  it.each(runs)(
    'gives the active SBC to another node while calls go on, and that one takes over in its turn (run %i)',
    async () => {
      const moving = (await lab.active())!;
      const [staying] = lab.cell.sbcs.flatMap(({ name }) => (name === moving ? [] : [name]));
      const [from, to] = [lab.node(moving), lab.spareNode()];
      const results = await bed.underCalls('SBC to another node', { ratePerSecond: 3, talkSeconds: 5 }, async () => {
        await lab.take(moving);
        await until(async () => (await lab.active()) === staying, 60);
        await lab.give(moving, to);
        await until(async () => (await lab.pod(moving))?.spec.nodeName === nodeName(to), 60);
        await lab.ready([moving]);
        // The one that stayed has not begun again, and is still the only one with the address.
        expect(await lab.active()).toBe(staying);
        await bed.operateOn('drain', staying!);
        expect(await lab.active()).toBe(moving);
        await bed.operateOn('undrain', staying!);
      });
      expect(from).not.toBe(lab.node(moving));
      expect(failuresOf(results)).toEqual([]);
      expect(await lab.withoutRecord(results)).toEqual([]);
      await lab.ready();
    },
  );

  it('rolls one kind of host alone', async () => {
    const names = async (role: string) =>
      (await lab.pods()).flatMap(({ metadata }) =>
        metadata.labels['cellstamp.io/role'] === role ? [metadata.name] : [],
      );
    const [sbcs, media] = [await names('sbc'), await names('media')];
    const change = (cell: CellInput): CellInput => ({
      ...cell,
      media: { ...cell.media, relay: { calls: 321 } },
      sbc: { flood: { banSeconds: 77 } },
    });
    bed.write(change);
    await lab.apply(lab.objects(KubernetesLab.spec(bed.images, change)));
    const load = { ratePerSecond: 3, talkSeconds: 5, maximumLoss: 0.5 };
    const first = await bed.underCalls('roll of SBCs alone', load, () => bed.operate('roll', '--only', 'sbc'));
    expect((await names('sbc')).filter((name) => sbcs.includes(name))).toEqual([]);
    expect((await names('media')).sort()).toEqual([...media].sort());
    const second = await bed.underCalls('roll of media hosts', load, () => bed.operate('roll', '--only', 'media'));
    expect((await names('media')).filter((name) => media.includes(name))).toEqual([]);
    expect(failuresOf([...first, ...second])).toEqual([]);
    expect(await lab.withoutRecord([...first, ...second])).toEqual([]);
  }, 600_000);

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
