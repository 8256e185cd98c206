/** Which pods a roll replaces, and what keeps it from one. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { roll } from '../../../../lib/operations/roll.ts';
import { scale } from '../../../../lib/operations/scale.ts';
import { cellOver } from '../../../../lib/targets/kubernetes/operations/cell-port.ts';
import { minimal } from '../cells.ts';
import { PaperCluster } from './paper-cluster.ts';

let cluster: PaperCluster;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
  cluster = new PaperCluster();
});
afterEach(() => void vi.useRealTimers());

/** The clock jumps, which no lease outlives: without one. */
const port = () => ({ ...cellOver(cluster, minimal), exclusively: <T>(_: string, work: () => Promise<T>) => work() });
const rollAll = () => roll(port());
const inOrder = ['media-1', 'media-2', 'media-3', 'sbc-2', 'sbc-1'];

describe('a roll', () => {
  it('replaces every pod that is not what was applied, the active SBC last, each media host out of service', async () => {
    cluster.hosts['media-2']!.isCurrent = true;
    expect(await rollAll()).toEqual(inOrder);
    expect(cluster.replaced).toEqual(inOrder.filter((name) => name !== 'media-2'));
    expect(cluster.drainedMeanwhile).toEqual([[1], [3], [], []]);
    expect([...cluster.drained]).toEqual([]);
  });

  it.each([
    ['sbc', ['sbc-2', 'sbc-1']],
    ['media', ['media-1', 'media-2', 'media-3']],
  ] as const)('replaces the pods of one kind of host alone, %s, if that is asked', async (only, hosts) => {
    expect(await roll(port(), { only })).toEqual(hosts);
    expect(cluster.replaced).toEqual(hosts);
  });

  it('touches no host while another one is not ready', async () => {
    cluster.hosts['media-3']!.isReady = false;
    await expect(rollAll()).rejects.toThrow(
      'media-1 of cell k8s-a is not touched: media-3 is not ready: it does not answer',
    );
    expect(cluster.replaced).toEqual([]);
    expect([...cluster.drained]).toEqual([]);
  });

  it('renews the host that is not ready', async () => {
    cluster.hosts['media-1']!.isReady = false;
    expect(await rollAll()).toEqual(inOrder);
  });

  it('waits for no pod on a node that is dead, and takes no calls off it', async () => {
    cluster.hosts['media-1']!.nodeIsReady = false;
    const reason =
      'node node-of-media-1 is not ready, so media-1 can’t be renewed: Kubelet stopped posting node status.';
    await expect(rollAll()).rejects.toThrow(reason);
    expect([...cluster.drained]).toEqual([]);
    // It may also die while it is awaited.
    cluster.hosts['media-1']!.nodeIsReady = true;
    const deletes = cluster.ask.bind(cluster);
    cluster.ask = async (words) => {
      if (words[0] === 'delete' && words[1] === 'pod') cluster.hosts['media-1']!.nodeIsReady = false;
      return deletes(words);
    };
    await expect(rollAll()).rejects.toThrow(reason);
  });
});

describe('a media host that somebody has taken out of service', () => {
  it('is out of service after a roll', async () => {
    cluster.drained.add(1);
    // It has nothing to do at this one.
    cluster.hosts['media-2']!.isCurrent = true;
    cluster.drained.add(2);
    expect(await rollAll()).toEqual(inOrder);
    expect([...cluster.drained].sort()).toEqual([1, 2]);
  });

  it.each([true, false])(
    'is so after a roll that was broken off, and no other one is (drained before: %s)',
    async (was) => {
      if (was) cluster.drained.add(1);
      cluster.breaksAt = 'media-1';
      await expect(rollAll()).rejects.toThrow('broken off');
      expect([...cluster.drained]).toEqual([1]);
      cluster.breaksAt = undefined;
      expect(await rollAll()).toEqual(inOrder);
      expect([...cluster.drained]).toEqual(was ? [1] : []);
      expect(cluster.hosts['media-1']!.annotations).toEqual({});
    },
  );

  it('is so where its pod was replaced before the roll was broken off', async () => {
    cluster.drained.add(1);
    const ask = cluster.ask.bind(cluster);
    cluster.ask = async (words) => {
      if (words[0] === 'exec' && cluster.replaced.length > 0) throw new Error('broken off');
      return ask(words);
    };
    await expect(rollAll()).rejects.toThrow('broken off');
    cluster.ask = ask;
    expect(await rollAll()).toEqual(inOrder);
    expect([...cluster.drained]).toEqual([1]);
    expect(cluster.replaced.filter((name) => name === 'media-1')).toHaveLength(1);
  });
});

describe('an SBC that somebody has drained', () => {
  it('keeps a roll from every other host, since nobody could take over', async () => {
    cluster.hosts['sbc-2']!.isWithdrawn = true;
    await expect(roll(port(), { only: 'sbc' })).rejects.toThrow(
      'sbc-2 of cell k8s-a is drained, and is not renewed before `npx cellstamp undrain sbc-2`',
    );
    await expect(port().renew('sbc-1')).rejects.toThrow('sbc-1 of cell k8s-a is not touched: sbc-2 is drained');
    expect(cluster.replaced).toEqual([]);
  });

  it('does so before its pod says that it is not ready', async () => {
    Object.assign(cluster.hosts['sbc-2']!, { isCurrent: true, isWithdrawn: true, isOldNews: true });
    await expect(roll(port(), { only: 'sbc' })).rejects.toThrow('sbc-1 of cell k8s-a is not touched: sbc-2 is drained');
    expect(cluster.replaced).toEqual([]);
  });

  it('gets no calls from the active one, whose pod stays', async () => {
    const ask = cluster.ask.bind(cluster);
    cluster.ask = async (words) => {
      // It is drained after the first look at it.
      if (words.includes('synced')) Object.assign(cluster.hosts['sbc-2']!, { isWithdrawn: true, isOldNews: true });
      return ask(words);
    };
    await expect(port().renew('sbc-1')).rejects.toThrow('sbc-2 is not ready to take over, so sbc-1 goes on');
    expect(cluster.replaced).toEqual([]);
  });
});

describe('an SBC whose pod is not ready', () => {
  const bothNotReady = () => {
    for (const name of ['sbc-1', 'sbc-2']) cluster.hosts[name]!.isReady = false;
  };

  it('is one of the cell while its Kamailio answers: it may be the database that is away', async () => {
    bothNotReady();
    expect(await port().sbcs()).toEqual(['sbc-1', 'sbc-2']);
    expect(await scale(port(), { hosts: [3], inService: [] })).toEqual({ intoService: [], outOfService: [3] });
    cluster.active = 'sbc-2';
    expect((await port().hosts()).filter(({ active }) => active).map(({ name }) => name)).toEqual(['sbc-2']);
  });

  it('is none of the cell while its Kamailio or its node is dead', async () => {
    cluster.active = 'sbc-2';
    cluster.hosts['sbc-1']!.answers = false;
    expect(await port().sbcs()).toEqual(['sbc-2']);
    cluster.hosts['sbc-1']!.answers = true;
    cluster.hosts['sbc-1']!.nodeIsReady = false;
    expect(await port().sbcs()).toEqual(['sbc-2']);
  });

  it('is passed over, but not where its pod is ready and it does not answer: it would not learn of the change', async () => {
    const ask = cluster.ask.bind(cluster);
    cluster.ask = async (words) =>
      words[0] === 'exec' && words.join(' ').includes('sbc-2')
        ? { status: 1, stdout: '', stderr: 'connection reset' }
        : ask(words);
    await expect(port().sbcs()).rejects.toThrow('host sbc-2 of cell k8s-a does not tell its role: connection reset');
    cluster.hosts['sbc-2']!.isReady = false;
    expect(await port().sbcs()).toEqual(['sbc-1']);
  });

  it('is not renewed while nobody knows which one is active: it may be this one', async () => {
    cluster.active = undefined;
    await expect(port().renew('sbc-2')).rejects.toThrow(
      'no SBC of cell k8s-a is known to be active, so sbc-2 is not renewed: it may have calls',
    );
    expect(cluster.replaced).toEqual([]);
  });
});
