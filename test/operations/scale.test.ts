/** In which order media hosts change, what an interruption leaves, and what the same operation makes of it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CellPort } from '../../lib/operations/cell-port.ts';
import { scale, type InService } from '../../lib/operations/scale.ts';

/** A cell of which nothing is there but the table of its drained media hosts. */
class Table {
  readonly drained: Set<number>;
  /** Numbers of the hosts in service after each command. */
  readonly seen: number[] = [];
  #commands = 0;

  constructor(
    private readonly hosts: readonly number[],
    drained: readonly number[],
    /** The command before which the connection breaks. */
    private readonly breaksBefore = Infinity,
  ) {
    this.drained = new Set(drained);
  }

  readonly port: CellPort = {
    cell: 'a',
    exclusively: (_, work) => work(),
    sbcs: async () => ['sbc-1', 'sbc-2'],
    run: async (_, { argv }) => {
      if (this.#commands++ >= this.breaksBefore) throw new Error('broken');
      for (const [, change, host] of argv.join(' ').matchAll(/htable\.(seti|delete) drains s:(\d+)/g)) {
        if (change === 'seti') this.drained.add(Number(host));
        else this.drained.delete(Number(host));
      }
      this.seen.push(this.hosts.length - this.drained.size);
      return [...this.drained].map((host) => `\t\tname: ${host}\n\t\tvalue: 1\n`).join('');
    },
    troubles: async () => [],
    noteCustomers: () => undefined,
  };
}

const hosts = [1, 2, 3, 4, 5, 6];
const some = fc.subarray(hosts);
const inServiceOf = (table: Table) => hosts.filter((host) => !table.drained.has(host));
const without = (numbers: readonly number[]) => hosts.filter((host) => !numbers.includes(host));

describe('media hosts that a plan wants', () => {
  it('are in service afterwards, and never were fewer than before or after', async () => {
    await fc.assert(
      fc.asyncProperty(some, some, async (before, inService) => {
        const table = new Table(hosts, without(before));
        const { intoService, outOfService } = await scale(table.port, { hosts, inService });
        expect(inServiceOf(table)).toEqual(inService);
        expect(intoService).toEqual(inService.filter((host) => !before.includes(host)));
        expect(outOfService).toEqual(before.filter((host) => !inService.includes(host)));
        expect(Math.min(...table.seen)).toBeGreaterThanOrEqual(Math.min(before.length, inService.length));
      }),
    );
  });

  it('are left alone where the plan does not speak of them', async () => {
    const table = new Table(hosts, [2, 5]);
    await scale(table.port, { hosts: [1, 2, 3], inService: [2] });
    expect([...table.drained].sort()).toEqual([1, 3, 5]);
  });

  it('are brought there by the same operation again, wherever it was broken off', async () => {
    await fc.assert(
      fc.asyncProperty(some, some, fc.nat(5), async (before, inService, breaksBefore) => {
        const wanted: InService = { hosts, inService };
        const broken = new Table(hosts, without(before), breaksBefore);
        await scale(broken.port, wanted).catch(() => undefined);
        const again = new Table(hosts, [...broken.drained]);
        await scale(again.port, wanted);
        expect(inServiceOf(again)).toEqual(inService);
        expect(await scale(again.port, wanted)).toEqual({ intoService: [], outOfService: [] });
      }),
    );
  });
});
