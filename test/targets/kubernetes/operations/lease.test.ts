/** Who may work on a cell, when an operator's computer sleeps, is cut off, or has another time. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Kubectl } from '../../../../lib/targets/kubernetes/operations/kubectl.ts';
import { leased, type Leased } from '../../../../lib/targets/kubernetes/operations/lease.ts';

interface Stored {
  readonly metadata: { readonly resourceVersion: string };
  readonly spec: { readonly holderIdentity: string; readonly renewTime: string };
}

/** What the API server keeps of the Lease, and says of it. */
class Server {
  stored: Stored | undefined;
  #version = 0;

  readonly #put = (spec: Stored['spec']) => {
    this.stored = { metadata: { resourceVersion: String(++this.#version) }, spec };
  };

  /**
   * @param clockAhead seconds of the operator’s clock before the others
   * @param isCutOff whether it can’t ask for the lease; its other commands go on
   */
  operator({ clockAhead = 0, isCutOff = (): boolean => false } = {}): Leased {
    const said = (status: number, stdout = '') => ({ status, stdout, stderr: status === 0 ? '' : 'no' });
    const ask: Kubectl['ask'] = async ([verb, ...rest], { input } = {}) => {
      if (verb !== 'exec' && isCutOff()) return said(1);
      const { stored } = this;
      if (verb === 'get') return said(0, stored === undefined ? '' : JSON.stringify(stored));
      if (verb === 'create' || verb === 'replace') {
        const { metadata, spec } = JSON.parse(input!) as Stored;
        if (metadata.resourceVersion !== stored?.metadata.resourceVersion) return said(1);
        const renewTime = new Date(Date.parse(spec.renewTime) + clockAhead * 1000).toISOString();
        this.#put({ ...spec, renewTime });
      }
      if (verb === 'patch') {
        const [test, change] = JSON.parse(rest.at(-1)!.replace('--patch=', '')) as [
          { value: string },
          { value: string },
        ];
        if (stored?.spec.holderIdentity !== test.value) return said(1);
        const renewTime = new Date(Date.parse(change.value) + clockAhead * 1000).toISOString();
        this.#put({ ...stored.spec, renewTime });
      }
      if (verb === 'delete') this.stored = undefined;
      return said(0, verb === 'exec' ? 'done' : '');
    };
    const run: Kubectl['run'] = async (words, options) => {
      const { status, stdout, stderr } = await ask(words, options);
      if (status !== 0) throw new Error(stderr);
      return stdout;
    };
    return leased({ ask, run }, 'cell k8s-a');
  }
}

/** Of fake time. */
const pause = (seconds: number) => new Promise<void>((resolve) => void setTimeout(resolve, seconds * 1000));
const pass = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1000);

describe('the lease on a cell', () => {
  let server: Server;
  beforeEach(() => {
    vi.useFakeTimers();
    server = new Server();
  });
  afterEach(() => void vi.useRealTimers());

  /** An operation that works for so many seconds and runs a command in each. */
  const work = (operator: Leased, operation: string, seconds: number) => {
    const commands: number[] = [];
    const began = Date.now();
    const ended = operator.exclusively(operation, async () => {
      for (let second = 0; second < seconds; second++) {
        await operator.client.run(['exec', 'pod']);
        commands.push((Date.now() - began) / 1000);
        await pause(1);
      }
      return 'all done';
    });
    return { commands, ended: ended.catch((error: unknown) => (error as Error).message) };
  };

  it('is one operation’s for as long as that works, and the next one’s then', async () => {
    const first = work(server.operator(), 'roll', 200);
    await pass(100);
    expect(await work(server.operator(), 'scale', 1).ended).toMatch(/^another operation works on cell k8s-a: roll of /);
    await pass(150);
    expect(await first.ended).toBe('all done');
    expect(first.commands).toHaveLength(200);
    const second = work(server.operator(), 'scale', 1);
    await pass(5);
    expect(await second.ended).toBe('all done');
    expect(server.stored).toBeUndefined();
  });

  it.each([-3600, -90, 90, 3600])('is not taken from one that works with a clock %i s ahead', async (clockAhead) => {
    const first = work(server.operator({ clockAhead }), 'roll', 300);
    await pass(20);
    const second = work(server.operator(), 'scale', 1);
    await pass(100);
    expect(await second.ended).toMatch(/^another operation works on cell k8s-a: roll of /);
    expect(second.commands).toEqual([]);
    await pass(300);
    expect(await first.ended).toBe('all done');
  });

  it.each([-3600, 0, 3600])(
    'is free a minute after its owner is gone, whose clock was %i s ahead',
    async (clockAhead) => {
      const gone = server.operator({ clockAhead });
      void gone.exclusively('roll', () => new Promise(() => undefined));
      await pass(1);
      const { stored } = server;
      vi.clearAllTimers();
      await pass(100);
      expect(server.stored).toEqual(stored);
      const next = work(server.operator(), 'scale', 1);
      await pass(59);
      expect(next.commands).toEqual([]);
      await pass(10);
      expect(await next.ended).toBe('all done');
    },
  );

  it('is free at once where its owner gives it back meanwhile', async () => {
    const first = work(server.operator({ clockAhead: -3600 }), 'roll', 32);
    await pass(31);
    const second = work(server.operator(), 'scale', 1);
    await pass(10);
    expect(await second.ended).toBe('all done');
    expect(await first.ended).toBe('all done');
  });

  it('is lost by one that can’t renew it, which does nothing more before another one has the cell', async () => {
    let isCutOff = false;
    const first = work(server.operator({ isCutOff: () => isCutOff }), 'roll', 300);
    await pass(32);
    isCutOff = true;
    const second = work(server.operator(), 'scale', 300);
    await pass(150);
    expect(await first.ended).toMatch(/^the lease on cell k8s-a is lost/);
    expect(Math.max(...first.commands)).toBeLessThanOrEqual(30 + 45);
    // It refuses while the lease is fresh; later it finds nobody who renews it.
    expect(await second.ended).toMatch(/^another operation works on cell k8s-a: roll of /);
    const third = work(server.operator(), 'scale', 1);
    await pass(70);
    expect(await third.ended).toBe('all done');
  });

  it('is lost by one whose computer slept, at once', async () => {
    const first = work(server.operator(), 'roll', 300);
    await pass(32);
    vi.setSystemTime(Date.now() + 60_000);
    await pass(2);
    expect(await first.ended).toMatch(/^the lease on cell k8s-a is lost/);
  });

  it('is lost by one who sees that another one has it, who keeps it', async () => {
    const first = work(server.operator(), 'roll', 300);
    await pass(32);
    const { metadata, spec } = server.stored!;
    const other = { metadata, spec: { ...spec, holderIdentity: 'scale of somebody else' } };
    server.stored = other;
    await pass(20);
    expect(await first.ended).toMatch(/^the lease on cell k8s-a is lost: scale of somebody has it$/);
    expect(Math.max(...first.commands)).toBeLessThanOrEqual(45);
    expect(server.stored).toEqual(other);
  });
});
