/** Who takes writes while the primary changes, and what is said to be lost; on hosts that are a table. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OperationFailure } from '../../lib/operations/failure.ts';
import { promote, type DataHostState, type DataPort } from '../../lib/operations/promote.ts';

interface Host {
  part: 'primary' | 'replica';
  bytes: number;
  up: boolean;
  answers: boolean;
}

/** Databases of which nothing is there but how far each is, and who has the address of the primary. */
class Databases {
  readonly hosts: Record<string, Host>;
  recorded = 'database-1';
  /** Hosts that are reached as the primary. */
  reached = new Set(['database-1']);
  /** What was done, in order. */
  readonly done: string[] = [];
  /** The most hosts that would have taken a write at one time. */
  mostWritable = 0;
  /** The step before which the command is killed. */
  breaksBefore = Infinity;
  #steps = 0;

  constructor(hosts: Readonly<Record<string, Partial<Host>>>) {
    const usual = { part: 'replica', bytes: 100, up: true, answers: true } as const;
    this.hosts = Object.fromEntries(Object.entries(hosts).map(([name, own]) => [name, { ...usual, ...own }]));
    this.hosts['database-1']!.part = 'primary';
  }

  #step(what: string): void {
    if (this.#steps++ === this.breaksBefore) throw new Error('killed');
    this.done.push(what);
  }

  #look(): void {
    const writable = Object.entries(this.hosts).filter(
      ([name, { part, up }]) => up && part === 'primary' && this.reached.has(name),
    );
    this.mostWritable = Math.max(this.mostWritable, writable.length);
  }

  readonly port: DataPort = {
    cell: 'a',
    exclusively: (_, work) => work(),
    sbcs: async () => ['sbc-1'],
    troubles: async () => [],
    noteCustomers: () => undefined,
    dataHosts: () =>
      Object.entries(this.hosts).map(([name, { up }]): DataHostState => ({
        name,
        role: 'database',
        address: `address of ${name}`,
        isPrimary: this.recorded === name,
        isUp: up,
      })),
    run: async (name, { argv }) => {
      const [, verb] = argv;
      const host = this.hosts[name]!;
      if (!host.up || !host.answers) throw new OperationFailure(`${name} is silent`);
      if (verb === 'position') return `${host.part} ${host.bytes} -\n`;
      this.#step(`${verb} ${name}`);
      if (verb === 'hand-over') host.part = 'replica';
      if (verb === 'promote') host.part = 'primary';
      if (verb === 'follow') {
        if (this.reached.has(name)) throw new OperationFailure(`${name} has the address`);
        host.part = 'replica';
      }
      this.#look();
      return '';
    },
    withdraw: async (name) => {
      this.#step(`withdraw ${name}`);
      this.reached.delete(name);
      this.#look();
    },
    end: async (name) => {
      this.#step(`end ${name}`);
      // It comes back without the address, as a replica.
      Object.assign(this.hosts[name]!, { part: 'replica', answers: true, bytes: 0 });
      this.#look();
    },
    appoint: async (name) => {
      this.#step(`appoint ${name}`);
      this.recorded = name;
      this.reached = new Set([name]);
      this.#look();
    },
  };
}

describe('a change of the primary', () => {
  it('loses nothing while the primary answers: it stops, is withdrawn, and follows', async () => {
    const databases = new Databases({ 'database-1': {}, 'database-2': {} });
    expect(await promote(databases.port, 'database-2')).toEqual({
      primary: 'database-2',
      before: 'database-1',
      loss: { kind: 'none' },
      following: ['database-1'],
      notFollowing: [],
      missing: [],
    });
    expect(databases.done).toEqual([
      'hand-over database-1',
      'withdraw database-1',
      'promote database-2',
      'appoint database-2',
      'follow database-1',
    ]);
  });

  it('does nothing without the word of an operator where the primary does not answer', async () => {
    for (const fault of [{ up: false }, { answers: false }]) {
      const databases = new Databases({ 'database-1': fault, 'database-2': {} });
      await expect(promote(databases.port, 'database-2')).rejects.toThrow('To give that up: --primary-lost');
      expect(databases.done).toEqual([]);
      expect((await promote(databases.port, 'database-2', { primaryIsLost: true })).loss).toEqual({
        kind: 'unknown',
        since: null,
      });
    }
  });

  it('ends a primary that is frozen before another one takes writes', async () => {
    const databases = new Databases({ 'database-1': { answers: false }, 'database-2': {} });
    await promote(databases.port, 'database-2', { primaryIsLost: true });
    expect(databases.done.slice(0, 3)).toEqual(['withdraw database-1', 'end database-1', 'promote database-2']);
  });

  it('says in bytes what it gives up where the primary can be asked', async () => {
    const databases = new Databases({ 'database-1': { bytes: 130 }, 'database-2': {} });
    expect((await promote(databases.port, 'database-2', { primaryIsLost: true })).loss).toEqual({
      kind: 'bytes',
      bytes: 30,
    });
  });

  it('takes the replica with the most changes, and no other', async () => {
    const databases = new Databases({ 'database-1': { up: false }, 'database-2': {}, 'database-3': { bytes: 120 } });
    await expect(promote(databases.port, 'database-2', { primaryIsLost: true })).rejects.toThrow(
      'database-3 of cell a has 20 bytes of changes more than database-2: promote that one; nothing was changed',
    );
    expect(databases.done).toEqual([]);
    expect((await promote(databases.port, 'database-3', { primaryIsLost: true })).following).toEqual(['database-2']);
  });

  it('names the hosts that there are', async () => {
    const databases = new Databases({ 'database-1': {}, 'database-2': {} });
    await expect(promote(databases.port, 'database-3')).rejects.toThrow(
      'cell a has no data host database-3; it has database-1, database-2',
    );
  });

  it('never has two primaries, wherever it is killed, and the same command completes it', async () => {
    const hosts = fc.record({
      answers: fc.boolean(),
      lost: fc.boolean(),
      third: fc.boolean(),
      killedBefore: fc.nat(7),
    });
    await fc.assert(
      fc.asyncProperty(hosts, async ({ answers, lost, third, killedBefore }) => {
        const databases = new Databases({
          'database-1': { answers },
          'database-2': {},
          ...(third ? { 'database-3': {} } : {}),
        });
        const options = { primaryIsLost: lost || !answers };
        databases.breaksBefore = killedBefore;
        await promote(databases.port, 'database-2', options).catch(() => undefined);
        databases.breaksBefore = Infinity;
        const { primary, notFollowing } = await promote(databases.port, 'database-2', options);
        expect({ primary, notFollowing }).toEqual({ primary: 'database-2', notFollowing: [] });
        expect([...databases.reached]).toEqual(['database-2']);
        expect(databases.mostWritable).toBeLessThanOrEqual(1);
        expect(Object.values(databases.hosts).filter(({ part }) => part === 'primary')).toHaveLength(1);
      }),
    );
  });
});
