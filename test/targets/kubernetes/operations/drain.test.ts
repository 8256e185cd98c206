/** SBCs that are drained and return, and what happens to the cell when the other one is dead. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { drain, undrain } from '../../../../lib/operations/drain.ts';
import { cellOver } from '../../../../lib/targets/kubernetes/operations/cell-port.ts';
import { drainOver } from '../../../../lib/targets/kubernetes/operations/drain-port.ts';
import { minimal } from '../cells.ts';
import { PaperCluster } from './paper-cluster.ts';

let cluster: PaperCluster;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
  cluster = new PaperCluster();
});
afterEach(() => void vi.useRealTimers());

/** The clock jumps, which no lease outlives: without one. */
const port = () => ({
  ...drainOver(cellOver(cluster, minimal), minimal),
  exclusively: <T>(_: string, work: () => Promise<T>) => work(),
});
const options = { deadlineSeconds: 0 };

describe('a drained SBC', () => {
  it('returns as the standby', async () => {
    expect(await drain(port(), 'sbc-1', options)).toMatchObject({ dead: false, takenOverBy: 'sbc-2' });
    expect(cluster.active).toBe('sbc-2');
    await undrain(port(), 'sbc-1');
    expect(cluster.hosts['sbc-1']!.isWithdrawn).toBe(false);
    expect(cluster.active).toBe('sbc-2');
  });

  it.each([
    ['and the API server knows it', false],
    ['and the API server does not know it yet', true],
  ])('returns as the active one when the node of the other one is dead, %s', async (_, isOldNews) => {
    await drain(port(), 'sbc-1', options);
    Object.assign(cluster.hosts['sbc-2']!, { nodeIsReady: false, isOldNews });
    await undrain(port(), 'sbc-1');
    expect(cluster.hosts['sbc-1']!.isWithdrawn).toBe(false);
    expect(cluster.active).toBe('sbc-1');
  });
});

describe('an SBC', () => {
  it('that does not say whether it is active is not drained before the other one could take over', async () => {
    const cell = port();
    const silent = async () =>
      (await cell.hosts()).map((host) => (host.kind === 'sbc' ? { ...host, isActive: false } : host));
    const notReady = { ...cell, hosts: silent, standsBy: async () => false };
    await expect(drain(notReady, 'sbc-1', options)).rejects.toThrow(
      'sbc-2 is not ready to take over, so sbc-1 goes on',
    );
    expect(cluster.hosts['sbc-1']!.isWithdrawn).toBe(false);
  });

  it('that is dead returns with its pod, which no command of this machine starts', async () => {
    cluster.hosts['sbc-2']!.answers = false;
    await expect(undrain(port(), 'sbc-2')).rejects.toThrow(
      'sbc-2 of cell k8s-a is dead, so it can take nothing back before it runs: repair its node, or give the node’s labels to another one; `kubectl -n cellstamp-k8s-a describe pod --selector=cellstamp.io/cell=k8s-a,cellstamp.io/role=sbc,cellstamp.io/host=2` tells what is wrong',
    );
  });
});
