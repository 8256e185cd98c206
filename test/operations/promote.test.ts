/** Who takes writes while the primary changes, and what is said to be lost; on hosts that are a table. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OperationFailure } from '../../lib/operations/failure.ts';
import { promote, requirePrimaries, type DataHostState, type DataPort } from '../../lib/operations/promote.ts';

interface Host {
  part: 'primary' | 'replica';
  bytes: number;
  up: boolean;
  answers: boolean;
  /** What it says when it is to become the primary: that it can't, or that it has failed when it has not. */
  promotes: 'yes' | 'no' | 'unsaid';
  /** Writes that it has. */
  holds: readonly number[];
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
  #writes = 0;

  constructor(hosts: Readonly<Record<string, Partial<Host>>>) {
    const usual = { part: 'replica', bytes: 100, up: true, answers: true, promotes: 'yes', holds: [] } as const;
    this.hosts = Object.fromEntries(Object.entries(hosts).map(([name, own]) => [name, { ...usual, ...own }]));
    this.hosts['database-1']!.part = hosts['database-1']!.part ?? 'primary';
  }

  /** The command is killed before a step of those that follow. */
  breakBefore(step: number): void {
    this.#steps = 0;
    this.breaksBefore = step;
  }

  /** Somebody writes to whoever is reached as the primary, and it is confirmed. @returns the write, none where nobody takes it */
  write(): number | undefined {
    const taker = Object.entries(this.hosts).find(
      ([name, { part, up }]) => up && part === 'primary' && this.reached.has(name),
    )?.[1];
    if (taker === undefined) return undefined;
    const write = ++this.#writes;
    for (const host of Object.values(this.hosts).filter((one) => one === taker || one.part === 'replica')) {
      host.holds = [...host.holds, write];
      host.bytes += 10;
    }
    return write;
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
      if (verb === 'promote') {
        if (host.promotes !== 'no') host.part = 'primary';
        if (host.promotes !== 'yes') throw new OperationFailure(`${name} does not become the primary`);
      }
      if (verb === 'follow') {
        if (this.reached.has(name)) throw new OperationFailure(`${name} has the address`);
        const { holds, bytes } = this.hosts[this.recorded]!;
        Object.assign(host, { part: 'replica', holds, bytes });
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

  it('copies the primary anew where the replica was made to take writes and nobody was sent to it', async () => {
    const databases = new Databases({ 'database-1': { holds: [7] }, 'database-2': { part: 'primary', bytes: 150 } });
    const refused = promote(databases.port, 'database-2', { primaryIsLost: true });
    await expect(refused).rejects.toThrow(
      'database-2 of cell a was made to take writes once and lacks what database-1',
    );
    expect(databases.done).toEqual([]);
    expect((await promote(databases.port, 'database-2')).loss).toEqual({ kind: 'none' });
    expect(databases.hosts['database-2']).toMatchObject({ part: 'primary', holds: [7] });
    expect(databases.done.slice(0, 4)).toEqual([
      'promote database-1',
      'appoint database-1',
      'follow database-2',
      'hand-over database-1',
    ]);
  });

  it.each(['no', 'unsaid'] as const)(
    'says that no host takes writes where the replica fails to (%s), and the same with either host resolves it',
    async (promotes) => {
      for (const next of ['database-1', 'database-2']) {
        const databases = new Databases({ 'database-1': {}, 'database-2': { promotes } });
        const first = databases.write();
        await expect(promote(databases.port, 'database-2')).rejects.toThrow(
          'database-2 does not become the primary. database-1 has stopped, so no host takes writes now. To go on: npx cellstamp promote a database-2. To go back: npx cellstamp promote a database-1',
        );
        expect(databases.write()).toBeUndefined();
        databases.hosts['database-2']!.promotes = 'yes';
        const { primary, notFollowing } = await promote(databases.port, next);
        expect({ primary, notFollowing }).toEqual({ primary: next, notFollowing: [] });
        const second = databases.write();
        expect(databases.hosts[next]!.holds).toEqual([first, second]);
        expect(databases.mostWritable).toBe(1);
      }
    },
  );

  it('says how to go on where the primary is given up and the replica fails to take its place', async () => {
    const databases = new Databases({ 'database-1': { up: false }, 'database-2': { promotes: 'no' } });
    await expect(promote(databases.port, 'database-2', { primaryIsLost: true })).rejects.toThrow(
      'no host takes writes now. To go on: npx cellstamp promote a database-2 --primary-lost',
    );
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

  it('loses no write over any number of commands that are killed', async () => {
    const hosts = ['database-1', 'database-2', 'database-3'];
    const command = fc.record({ host: fc.constantFrom(...hosts), killedBefore: fc.nat(6) });
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 5 }), fc.constantFrom(...hosts), async (commands, last) => {
        const databases = new Databases(Object.fromEntries(hosts.map((name) => [name, {}])));
        const written = [databases.write()];
        for (const { host, killedBefore } of commands) {
          databases.breakBefore(killedBefore);
          await promote(databases.port, host).catch(() => undefined);
          written.push(databases.write());
        }
        databases.breakBefore(Infinity);
        expect(await promote(databases.port, last)).toMatchObject({ primary: last, loss: { kind: 'none' } });
        expect(databases.hosts[last]!.holds).toEqual(written.filter((write) => write !== undefined));
        expect([...databases.reached]).toEqual([last]);
        expect(databases.mostWritable).toBe(1);
        expect(Object.values(databases.hosts).filter(({ part }) => part === 'primary')).toHaveLength(1);
      }),
      { numRuns: 500 },
    );
  });
});

describe('hosts that are to be recreated', () => {
  const going = (databases: Databases, ...names: readonly string[]) =>
    requirePrimaries(databases.port, names, { seconds: 0 });

  it('stay while their primary does not answer: theirs may be the only copy that is whole', async () => {
    const databases = new Databases({
      'database-1': { answers: false },
      'database-2': {},
      'database-3': { up: false },
    });
    const refusal =
      'database-1, the primary of cell a, does not answer (database-1 is silent); database-2 had a copy. Only you can say that a copy takes its place: npx cellstamp promote a database-2 --primary-lost; nothing was changed';
    await expect(going(databases, 'database-2')).rejects.toThrow(refusal);
    await expect(going(databases, 'sbc-1', 'database-3')).rejects.toThrow(refusal);
    await going(databases, 'redis-1', 'media-1');
  });

  it('stay while their primary is none by its own word', async () => {
    const databases = new Databases({ 'database-1': { part: 'replica' }, 'database-2': {} });
    await expect(going(databases, 'database-2')).rejects.toThrow(
      'database-1, the primary of cell a, says that it is a replica: a change of the primary was interrupted. To complete it: npx cellstamp promote a database-1; nothing was changed',
    );
  });

  it('are made where the primary answers, and where nobody has a copy', async () => {
    await going(new Databases({ 'database-1': {}, 'database-2': {} }), 'database-2');
    await going(new Databases({ 'database-1': { answers: false }, 'database-2': { up: false } }), 'database-2');
  });
});
