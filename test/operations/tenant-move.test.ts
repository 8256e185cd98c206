/** What a move leaves wherever it is broken off, and what the same move makes of it. The cells themselves are in test/end-to-end. */
import { describe, expect, it } from 'vitest';
import type { TenantItem } from '../../lib/fleet/directory.ts';
import { moveTenant, type MovePort, type MoveProgress } from '../../lib/operations/tenant-move.ts';

class Fleet {
  item: TenantItem = { kind: 'tenant', name: 'acme', version: 1, cell: 'a', other: '', keys: [] };
  /** Version of the tenant's data by cell. */
  readonly data = new Map([['a', 1]]);
  /** Calls by cell; one ends whenever somebody asks. */
  readonly held = new Map([['a', 0]]);
  /** Told before each step: may break it off, or change something from outside. */
  before: (step: string) => void = () => undefined;

  readonly port: MovePort = {
    exclusively: (work) => work(),
    tenant: async () => this.#step('tenant', () => this.item),
    cell: async (name) => ({ kind: 'cell', name, version: 1, addresses: [], state: 'active' }),
    put: async (item) =>
      this.#step('put', () => {
        // New calls go where there are data, always.
        expect(this.data.has(item.cell)).toBe(true);
        this.item = { ...item, version: this.item.version + 1 };
      }),
    has: async (cell) => this.#step('has', () => this.data.has(cell)),
    copyData: async (from, to) => this.#step('copyData', () => void this.data.set(to, this.data.get(from)!)),
    copyRegistrations: async () => this.#step('copyRegistrations', () => undefined),
    calls: async (cell) =>
      this.#step('calls', () => {
        const calls = this.held.get(cell) ?? 0;
        this.held.set(cell, Math.max(0, calls - 1));
        return calls;
      }),
    forget: async (cell) =>
      this.#step('forget', () => {
        expect(this.held.get(cell) ?? 0).toBe(0);
        this.data.delete(cell);
      }),
  };

  #step<T>(name: string, work: () => T): T {
    this.before(name);
    return work();
  }
}

describe('a move', () => {
  it('that is broken off at any step is completed by the same move, and done twice is refused', async () => {
    // A move has fewer steps than this.
    for (const calls of [0, 1]) {
      for (let breaksAt = 0; breaksAt < 16; breaksAt++) {
        const fleet = new Fleet();
        fleet.held.set('a', calls);
        let steps = 0;
        fleet.before = () => {
          if (steps++ === breaksAt) throw new Error('broken');
        };
        const outcome = await moveTenant(fleet.port, 'acme', 'b').catch((error: Error) => error.message);
        fleet.before = () => undefined;
        if (outcome !== undefined) {
          expect(outcome).toBe('broken');
          await moveTenant(fleet.port, 'acme', 'b');
        }
        expect(fleet.item).toMatchObject({ cell: 'b', other: '' });
        expect([...fleet.data.keys()]).toEqual(['b']);
        await expect(moveTenant(fleet.port, 'acme', 'b')).rejects.toThrow('tenant acme is in cell b already');
      }
    }
  }, 60_000);

  it('that goes on leaves what the new cell has learnt of the tenant since', async () => {
    const fleet = new Fleet();
    fleet.held.set('a', 1_000_000);
    const stopped = AbortSignal.abort();
    await moveTenant(fleet.port, 'acme', 'b', { signal: stopped });
    expect(fleet.item).toMatchObject({ cell: 'b', other: 'a' });
    fleet.data.set('b', 2);
    fleet.held.set('a', 0);
    await moveTenant(fleet.port, 'acme', 'b');
    expect([...fleet.data]).toEqual([['b', 2]]);
  });

  it('takes nothing from a cell to which somebody else has moved the tenant back meanwhile', async () => {
    const fleet = new Fleet();
    fleet.held.set('a', 3);
    const onProgress = ({ step }: MoveProgress) => {
      if (step === 'waiting') fleet.item = { ...fleet.item, cell: 'a', other: 'b' };
    };
    await expect(moveTenant(fleet.port, 'acme', 'b', { onProgress })).rejects.toThrow(
      'tenant acme was moved on meanwhile: it is in a, coming from b; nothing is removed from a',
    );
    expect(fleet.data.has('a')).toBe(true);
  });

  it('forgets nothing while a call came up in the old cell that was on its way', async () => {
    const fleet = new Fleet();
    let asked = 0;
    fleet.before = (step) => {
      // Between the last call and the end of the move.
      if (step === 'calls' && ++asked === 2) fleet.held.set('a', 2);
    };
    await moveTenant(fleet.port, 'acme', 'b');
    expect(asked).toBeGreaterThan(2);
    expect([...fleet.data.keys()]).toEqual(['b']);
  });
});
