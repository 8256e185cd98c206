/** In which order hosts are recreated, and whose word it is whether one stays drained. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drain, undrain, type MediaHostOfCell, type Renewing, type SbcOfCell } from '../../lib/operations/drain.ts';
import { lostSince, nextToRenew, renewHosts, type RenewPort } from '../../lib/operations/renew.ts';

const media = (number: number): MediaHostOfCell => ({
  ...{ kind: 'media', name: `media-${number}`, number, isUp: true, hasFreeswitch: false },
});
const sbc = (number: number, isActive: boolean): SbcOfCell => ({
  ...{ kind: 'sbc', name: `sbc-${number}`, number, isUp: true, isActive, isWithdrawn: false },
});
const cellWithActive = (active: 1 | 2) => [
  sbc(1, active === 1),
  sbc(2, active === 2),
  ...Array.from({ length: 12 }, (_, index) => media(12 - index)),
];

/** All turns, where the other SBC is active once one was renewed. */
function order(active: 1 | 2, outdated: readonly string[], only?: 'media' | 'sbc', left?: string): readonly string[] {
  const done: string[] = [];
  let hosts = cellWithActive(active);
  for (;;) {
    const waiting = outdated.filter((name) => !done.includes(name));
    const next = nextToRenew(hosts, waiting, only, done.includes(left ?? '') ? undefined : left);
    if (next === undefined) return done;
    done.push(next.name);
    if (next.kind === 'sbc' && next.isActive) hosts = cellWithActive(next.number === 1 ? 2 : 1);
  }
}

describe('hosts that are recreated', () => {
  it('are media hosts by number, then the standby SBC, then the active one', () => {
    const all = ['sbc-1', 'media-10', 'sbc-2', 'media-2', 'media-1'];
    expect(order(1, all)).toEqual(['media-1', 'media-2', 'media-10', 'sbc-2', 'sbc-1']);
    expect(order(2, all)).toEqual(['media-1', 'media-2', 'media-10', 'sbc-1', 'sbc-2']);
    expect(order(1, all, 'media')).toEqual(['media-1', 'media-2', 'media-10']);
    expect(order(1, all, 'sbc')).toEqual(['sbc-2', 'sbc-1']);
    expect(order(1, [])).toEqual([]);
  });

  it('begin with the one that was left half done, of whichever kind', () => {
    expect(order(1, ['media-1', 'sbc-1'], undefined, 'sbc-1')).toEqual(['sbc-1', 'media-1']);
    // It may be what it should be, and only want its work back.
    expect(order(1, ['sbc-2'], 'sbc', 'media-3')).toEqual(['media-3', 'sbc-2']);
  });

  it('have lost the calls that both SBCs count more, one of which may have restarted', () => {
    const counts = (one: number, other: number) =>
      new Map([
        ['sbc-1', one],
        ['sbc-2', other],
      ]);
    expect(lostSince(counts(3, 5), counts(3, 5))).toBe(0);
    expect(lostSince(counts(3, 5), counts(4, 7))).toBe(3);
    expect(lostSince(counts(3, 5), counts(3, 0))).toBe(0);
    expect(lostSince(new Map(), counts(1, 0))).toBe(1);
  });

  it('are each touched once, and nobody else is', () => {
    const names = cellWithActive(1).map(({ name }) => name);
    fc.assert(
      fc.property(fc.subarray(names), (outdated) => {
        expect([...order(1, outdated)].sort()).toEqual([...outdated].sort());
      }),
    );
  });
});

/** Two SBCs of which nothing is there but which is active, who is withdrawn, and what is to be recreated. */
class Pair {
  active = 'sbc-1';
  readonly withdrawn = new Set<string>();
  readonly old = new Set<string>();
  readonly dead = new Set<string>();
  left: Renewing | undefined;
  readonly #names = ['sbc-1', 'sbc-2'];

  /** Made anew, a host remembers nothing; the cell does. */
  readonly port: RenewPort = {
    cell: 'a',
    exclusively: (_, work) => work(),
    sbcs: async () => [this.active],
    run: async () => '',
    troubles: async () => [],
    noteCustomers: () => undefined,
    hosts: async () =>
      this.#names.map((name, index): SbcOfCell => ({
        ...sbc(index + 1, this.active === name),
        isWithdrawn: this.withdrawn.has(name),
        isUp: !this.dead.has(name),
      })),
    standsBy: async (name) => !this.withdrawn.has(name),
    withdraw: async (name) => {
      this.withdrawn.add(name);
      this.active = this.#names.find((other) => !this.withdrawn.has(other))!;
    },
    readmit: async (name) => void this.withdrawn.delete(name),
    revival: () => '`npx cellstamp up a` recreates it',
    renewing: () => this.left,
    noteRenewing: (left) => void (this.left = left),
    outdated: async () => [...this.old],
    renew: async (name) => {
      this.old.delete(name);
      this.dead.delete(name);
    },
    faults: async () => new Map(),
    lostCalls: async () => new Map(),
  };

  /** A roll that ends when it has drained the standby SBC. */
  async brokenOff(): Promise<void> {
    this.old.add('sbc-2');
    const broken = { ...this.port, renew: () => Promise.reject(new Error('broken off')) };
    await expect(renewHosts(broken, options)).rejects.toThrow('broken off');
    expect([...this.withdrawn]).toEqual(['sbc-2']);
  }
}
const options = { deadlineSeconds: 0 };

describe('an SBC that is dead', () => {
  const lost = () => {
    const pair = new Pair();
    pair.dead.add('sbc-2');
    pair.old.add('sbc-2');
    return pair;
  };

  it('can be drained: whoever recreates it finds it so', async () => {
    const pair = lost();
    const drained = { host: 'sbc-2', dead: true, takenOverBy: 'sbc-1', moved: 0, ended: [] };
    expect(await drain(pair.port, 'sbc-2', options)).toEqual(drained);
    expect([...pair.withdrawn]).toEqual(['sbc-2']);
    await expect(undrain(pair.port, 'sbc-2')).rejects.toThrow(
      'sbc-2 of cell a is dead, so it can take nothing back before it runs: `npx cellstamp up a` recreates it',
    );
    expect(await renewHosts(pair.port, options)).toEqual(['sbc-2']);
    expect([...pair.withdrawn]).toEqual(['sbc-2']);
    await undrain(pair.port, 'sbc-2');
    expect([...pair.withdrawn]).toEqual([]);
  });

  it('gets its work back from a roll where nobody has drained it', async () => {
    const pair = lost();
    expect(await renewHosts(pair.port, options)).toEqual(['sbc-2']);
    expect([...pair.withdrawn]).toEqual([]);
  });

  it('is not drained where the other one is: nobody would take calls', async () => {
    const pair = lost();
    pair.withdrawn.add('sbc-1');
    await expect(drain(pair.port, 'sbc-2', options)).rejects.toThrow('sbc-1 is drained');
    expect([...pair.withdrawn]).toEqual(['sbc-1']);
  });
});

describe('a host at which a roll was broken off', () => {
  it('gets its work back at the next one', async () => {
    const pair = new Pair();
    await pair.brokenOff();
    expect(await renewHosts(pair.port, options)).toEqual(['sbc-2']);
    expect([...pair.withdrawn]).toEqual([]);
  });

  it('stays drained where somebody has drained it since', async () => {
    for (const undrained of [true, false]) {
      const pair = new Pair();
      await pair.brokenOff();
      if (undrained) await undrain(pair.port, 'sbc-2');
      await drain(pair.port, 'sbc-2', options);
      expect(await renewHosts(pair.port, options)).toEqual(['sbc-2']);
      expect([...pair.withdrawn]).toEqual(['sbc-2']);
    }
  });

  it('gets its work back where somebody has undrained it since, who had drained it before', async () => {
    const pair = new Pair();
    await drain(pair.port, 'sbc-2', options);
    await pair.brokenOff();
    await undrain(pair.port, 'sbc-2');
    expect(await renewHosts(pair.port, options)).toEqual(['sbc-2']);
    expect([...pair.withdrawn]).toEqual([]);
  });

  it('is forgotten once somebody has undrained it, and not when another one was', async () => {
    const pair = new Pair();
    await pair.brokenOff();
    await undrain(pair.port, 'sbc-1');
    expect(pair.left).toEqual({ host: 'sbc-2', staysDrained: false });
    await undrain(pair.port, 'sbc-2');
    expect(pair.left).toBeUndefined();
  });
});
