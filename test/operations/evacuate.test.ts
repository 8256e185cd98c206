/** What an evacuation leaves wherever it is broken off, and what the same one makes of it. The cells themselves are in test/end-to-end. */
import { describe, expect, it } from 'vitest';
import type { CellItem, TenantItem } from '../../lib/fleet/directory.ts';
import { evacuate, evacuateLost, type EvacuationFiles, type EvacuationPort } from '../../lib/operations/evacuate.ts';
import type { TenantRows } from '../../lib/operations/tenant-backup.ts';

const wanted = new Map([
  ['acme', 'b'],
  ['initech', 'c'],
  ['stark', 'b'],
]);
const names = [...wanted.keys()];

class Fleet {
  readonly cells = new Map(
    ['a', 'b', 'c'].map((name): [string, CellItem] => [
      name,
      { kind: 'cell', name, version: 1, addresses: [], state: 'active' },
    ]),
  );
  readonly tenantItems = new Map(
    names.map((name): [string, TenantItem] => [
      name,
      { kind: 'tenant', name, version: 1, cell: 'a', other: '', keys: [] },
    ]),
  );
  /** Tenants that each cell's database has. */
  readonly data = new Map([
    ['a', new Set(names)],
    ['b', new Set<string>()],
    ['c', new Set<string>()],
  ]);
  /** Tenants with a call in cell a. */
  readonly calls = new Set<string>();
  /** Calls end by themselves once somebody has asked for them. */
  endsByItself = true;
  readonly inFiles = new Map(names.map((name) => [name, 'a']));
  state = 'active';
  before: (step: string) => void = () => undefined;

  async #step<T>(name: string, work: () => T): Promise<T> {
    this.before(name);
    return Promise.resolve(work());
  }

  get files(): EvacuationFiles {
    return {
      tenants: names.filter((name) => this.inFiles.get(name) === 'a'),
      place: (bound) =>
        new Map(
          names
            .filter((name) => this.inFiles.get(name) === 'a')
            .map((name) => [name, bound.get(name) ?? wanted.get(name)!]),
        ),
      cordon: () => this.#step('files.cordon', () => void (this.state = 'cordoned')),
      move: (moves) =>
        this.#step('files.move', () => {
          // A file says nothing that is not so yet.
          for (const [tenant, to] of moves) {
            expect(this.tenantItems.get(tenant)!.cell).toBe(to);
            this.inFiles.set(tenant, to);
          }
        }),
      retire: () =>
        this.#step('files.retire', () => {
          expect(this.data.get('a')!.size).toBe(0);
          this.state = 'retired';
        }),
    };
  }

  readonly port: EvacuationPort = {
    exclusively: (work) => work(),
    exclusivelyOn: (_cell, _operation, work) => work(),
    tenant: async (name) => this.#step('tenant', () => this.tenantItems.get(name)!),
    tenants: async (cell, wantedNames) =>
      this.#step('tenants', () =>
        [...this.tenantItems.values()].filter(
          (item) => [item.cell, item.other].includes(cell) || wantedNames.includes(item.name),
        ),
      ),
    cell: async (name) => this.#step('cell', () => this.cells.get(name)!),
    putCell: async (item) => this.#step('putCell', () => void this.cells.set(item.name, { ...item, version: 2 })),
    put: async (item) =>
      this.#step('put', () => {
        // New calls go where there are data, always.
        expect(this.data.get(item.cell)!.has(item.name)).toBe(true);
        this.tenantItems.set(item.name, { ...item, version: 2 });
      }),
    has: async (cell, tenant) => this.#step('has', () => this.data.get(cell)!.has(tenant)),
    names: async (cell) => this.#step('names', () => [...this.data.get(cell)!]),
    copyData: async (_from, to, tenant) => this.#step('copyData', () => void this.data.get(to)!.add(tenant)),
    copyRegistrations: async () => this.#step('copyRegistrations', () => undefined),
    restore: async (to, tenant) => this.#step('restore', () => void this.data.get(to)!.add(tenant)),
    calls: async (_cell, tenant) => this.#step('calls', () => (this.calls.has(tenant) ? 1 : 0)),
    callsIn: async () =>
      this.#step('callsIn', () => {
        const told = [...this.calls].map((tenant) => ({
          ...{ call: `${tenant}@phone`, id: tenant, tenant, from: 'alice', to: 'bob', media: 'media-1' },
        }));
        if (this.endsByItself) this.calls.clear();
        return told;
      }),
    endCalls: async (_cell, ids) => this.#step('endCalls', () => ids.forEach((id) => this.calls.delete(id))),
    forget: async (cell, tenant) =>
      this.#step('forget', () => {
        expect(this.calls.has(tenant)).toBe(false);
        this.data.get(cell)!.delete(tenant);
      }),
  };

  expectEvacuated(): void {
    for (const [tenant, to] of wanted) {
      expect(this.tenantItems.get(tenant)).toMatchObject({ cell: to, other: '' });
      expect(this.inFiles.get(tenant)).toBe(to);
      expect(this.data.get(to)!.has(tenant)).toBe(true);
    }
    expect([this.state, this.cells.get('a')!.state]).toEqual(['retired', 'retired']);
  }
}

const patient = { deadlineSeconds: 60 };

describe('an evacuation', () => {
  it('that is broken off at any step is completed by the same one', async () => {
    let breaksAt = 0;
    for (let isBroken = true; isBroken; breaksAt++) {
      const fleet = new Fleet();
      let steps = 0;
      isBroken = false;
      fleet.before = () => {
        if (steps++ !== breaksAt) return;
        isBroken = true;
        throw new Error('broken');
      };
      await evacuate(fleet.port, fleet.files, 'a', patient).catch((error: Error) => {
        expect(error.message).toBe('broken');
      });
      fleet.before = () => undefined;
      if (isBroken) await evacuate(fleet.port, fleet.files, 'a', patient);
      fleet.expectEvacuated();
    }
    expect(breaksAt).toBeGreaterThan(40);
  });

  it('forgets a tenant with its last call, not before', async () => {
    const fleet = new Fleet();
    fleet.calls.add('stark');
    const forgotten: string[] = [];
    const { forget } = fleet.port;
    const port: EvacuationPort = {
      ...fleet.port,
      forget: (cell, tenant) => {
        forgotten.push(tenant);
        return forget(cell, tenant);
      },
    };
    expect((await evacuate(port, fleet.files, 'a', patient)).ended).toEqual([]);
    expect(forgotten).toEqual(['acme', 'initech', 'stark']);
    fleet.expectEvacuated();
  });

  it('ends the calls that are left at the deadline, and says which', async () => {
    const fleet = new Fleet();
    fleet.endsByItself = false;
    fleet.calls.add('acme');
    const { ended, moved } = await evacuate(fleet.port, fleet.files, 'a', { deadlineSeconds: 0 });
    expect(ended).toEqual([{ call: 'acme@phone', from: 'alice', to: 'bob' }]);
    expect(moved).toHaveLength(3);
    fleet.expectEvacuated();
  });

  it('stops waiting when it is told to, and the files say where the tenants are', async () => {
    const fleet = new Fleet();
    fleet.endsByItself = false;
    fleet.calls.add('acme');
    const controller = new AbortController();
    const onProgress = (text: string) => {
      if (!text.includes('waits for 1 call')) return;
      expect(text).toMatch(/^a: waits for 1 call that can't move: acme@phone from alice to bob; BYE in \d+ s$/);
      controller.abort(new Error('stopped'));
    };
    const { signal } = controller;
    await expect(evacuate(fleet.port, fleet.files, 'a', { ...patient, onProgress, signal })).rejects.toThrow('stopped');
    expect(Object.fromEntries(fleet.inFiles)).toEqual(Object.fromEntries(wanted));
    expect(fleet.state).toBe('cordoned');
  });

  it('moves nothing while the directory, the database and the files disagree on who is there', async () => {
    const unknown = new Fleet();
    unknown.tenantItems.set('late', { kind: 'tenant', name: 'late', version: 1, cell: 'a', other: '', keys: [] });
    await expect(evacuate(unknown.port, unknown.files, 'a', patient)).rejects.toMatchObject({
      status: 2,
      message: expect.stringMatching(
        /^the directory has tenants in cell a that are not in its file, .*: late; /,
      ) as string,
    });
    const stranger = new Fleet();
    stranger.data.get('a')!.add('ghost');
    await expect(evacuate(stranger.port, stranger.files, 'a', patient)).rejects.toMatchObject({
      status: 2,
      message: expect.stringMatching(/^cell a has tenants that the directory does not know: ghost; /) as string,
    });
    for (const { state, cells } of [unknown, stranger]) {
      expect([state, cells.get('a')!.state]).toEqual(['active', 'active']);
    }
  });

  it('leaves a tenant where another move takes it, and moves it in the files alone', async () => {
    const fleet = new Fleet();
    fleet.tenantItems.set('acme', { ...fleet.tenantItems.get('acme')!, cell: 'c' });
    fleet.data.get('a')!.delete('acme');
    fleet.data.get('c')!.add('acme');
    const { moved } = await evacuate(fleet.port, fleet.files, 'a', patient);
    expect(moved.map(({ tenant }) => tenant)).toEqual(['initech', 'stark']);
    expect(fleet.inFiles.get('acme')).toBe('c');
  });
});

describe('the evacuation of a lost cell', () => {
  const rows = (name: string): TenantRows => ({
    tenants: [{ name }],
    users: [{ tenant: name }, { tenant: name }],
    dids: [],
  });
  const backup = new Map(names.map((name) => [name, rows(name)]));
  /** Whoever asks the lost cell waits for ever. */
  const lose = (fleet: Fleet) => {
    fleet.before = (step) =>
      expect(['copyData', 'copyRegistrations', 'calls', 'callsIn', 'forget']).not.toContain(step);
  };

  it('that is broken off at any step is completed by the same one, and never asks the cell', async () => {
    let breaksAt = 0;
    for (let isBroken = true; isBroken; breaksAt++) {
      const fleet = new Fleet();
      // It has no database that could be asked, or emptied.
      fleet.data.get('a')!.clear();
      lose(fleet);
      const careful = fleet.before;
      let steps = 0;
      isBroken = false;
      fleet.before = (step) => {
        careful(step);
        if (steps++ !== breaksAt) return;
        isBroken = true;
        throw new Error('broken');
      };
      await evacuateLost(fleet.port, fleet.files, backup, 'a', {}).catch((error: Error) => {
        expect(error.message).toBe('broken');
      });
      fleet.before = careful;
      if (isBroken) await evacuateLost(fleet.port, fleet.files, backup, 'a', {});
      fleet.expectEvacuated();
    }
    expect(breaksAt).toBeGreaterThan(10);
  });

  it('keeps what a move had brought to the new cell, which is newer, and whoever had left before', async () => {
    const fleet = new Fleet();
    fleet.data.get('a')!.clear();
    for (const [tenant, cell, other] of [
      ['acme', 'b', 'a'],
      ['initech', 'c', ''],
    ] as const) {
      fleet.tenantItems.set(tenant, { kind: 'tenant', name: tenant, version: 1, cell, other, keys: [] });
      fleet.data.get(cell)!.add(tenant);
    }
    const restored: string[] = [];
    const { restore } = fleet.port;
    const port = {
      ...fleet.port,
      restore: (to: string, tenant: string, given: TenantRows) => (restored.push(tenant), restore(to, tenant, given)),
    };
    await evacuateLost(port, fleet.files, backup, 'a', {});
    expect(restored).toEqual(['stark']);
    fleet.expectEvacuated();
  });

  it('names the tenants that the backup does not have, and is not over', async () => {
    const fleet = new Fleet();
    fleet.data.get('a')!.clear();
    const older = new Map([...backup].filter(([name]) => name !== 'initech'));
    const { restored, missing } = await evacuateLost(fleet.port, fleet.files, older, 'a', {});
    expect(missing).toEqual(['initech']);
    expect(restored.map(({ tenant, to, users }) => [tenant, to, users])).toEqual([
      ['acme', 'b', 2],
      ['stark', 'b', 2],
    ]);
    expect([fleet.state, fleet.inFiles.get('initech')]).toEqual(['cordoned', 'a']);
  });
});
