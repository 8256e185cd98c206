/** What becomes of a cell, whatever fails. The real thing, with git, calls and a cell, is in test/end-to-end/cell/pipeline.test.ts. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rolloutCell, rolloutWaves, type RolloutPort } from '../../lib/operations/rollout.ts';
import { wavesOf } from '../../lib/operations/waves.ts';

interface Faults {
  /** Of each step, the attempts that fail: the first, the second. */
  readonly deploy?: readonly boolean[];
  readonly prove?: readonly boolean[];
  readonly record?: readonly boolean[];
  readonly isNew?: boolean;
}

class Fleet {
  /** What was done, in order. */
  readonly log: string[] = [];
  constructor(private readonly faults: (cell: string) => Faults = () => ({})) {}

  readonly port: RolloutPort = {
    exclusively: (_, work) => work(),
    deploy: async (cell, commit = 'now') => this.#does('deploy', cell, commit),
    prove: async (cell) => this.#does('prove', cell),
    record: async (cell, step) => this.#does('record', cell, step),
    isIn: async (cell) => this.faults(cell).isNew !== true,
  };

  #does(step: 'deploy' | 'prove' | 'record', cell: string, ...words: readonly string[]): boolean {
    const before = this.log.filter((line) => line.startsWith(`${step} ${cell}`)).length;
    this.log.push([step, cell, ...words].join(' '));
    return this.faults(cell)[step]?.[before] !== true;
  }
}

const of = (faults: Faults) => {
  const fleet = new Fleet(() => faults);
  return { fleet, done: rolloutCell(fleet.port, 'a', 'v1') };
};

describe('a cell', () => {
  it('is deployed and proved', async () => {
    const { fleet, done } = of({});
    expect(await done).toEqual({ cell: 'a', state: 'proved', text: 'cell a is deployed and proved' });
    expect(fleet.log).toEqual(['record a began', 'deploy a now', 'prove a', 'record a proved']);
  });

  it.each([
    ['deployed', { deploy: [true] }, ['deploy a now', 'deploy a v1', 'prove a'], 'is not deployed'],
    ['proved', { prove: [true] }, ['deploy a now', 'prove a', 'deploy a v1', 'prove a'], 'is deployed and not proved'],
  ])('that is not %s goes back, and is proved there', async (_, faults, steps, fault) => {
    const { fleet, done } = of(faults);
    expect(await done).toEqual({
      cell: 'a',
      state: 'back',
      text: `cell a ${fault}: it is back at v1, and proved there`,
    });
    expect(fleet.log).toEqual(['record a began', ...steps, 'record a proved']);
  });

  it('that is new is left as it is: there is nothing to go back to, and no tenant is in it', async () => {
    const { fleet, done } = of({ prove: [true], isNew: true });
    expect(await done).toMatchObject({ state: 'left', text: expect.stringContaining('it is not in v1') as string });
    expect(fleet.log).toEqual(['record a began', 'deploy a now', 'prove a', 'record a failed']);
  });

  it('that is not proved where it went back to needs someone', async () => {
    const { fleet, done } = of({ prove: [true, true] });
    const text =
      'cell a is deployed and not proved: going back to v1, it is deployed and not proved: it needs someone now';
    expect(await done).toEqual({ cell: 'a', state: 'left', text });
    expect(fleet.log.at(-1)).toBe('record a failed');
  });

  it('is not touched when the planner can’t be told', async () => {
    const { fleet, done } = of({ record: [true] });
    expect(await done).toMatchObject({ state: 'left', text: expect.stringContaining('nothing was done') as string });
    expect(fleet.log).toEqual(['record a began']);
  });

  it('is not taken for proved when the planner can’t be told that it is', async () => {
    const { done } = of({ record: [false, true] });
    expect(await done).toMatchObject({
      state: 'left',
      text: expect.stringContaining('the planner holds it') as string,
    });
  });

  it('is left to the same roll-out when it is interrupted: nothing further is begun, nothing is taken back', async () => {
    const controller = new AbortController();
    const fleet = new Fleet();
    const port: RolloutPort = {
      ...fleet.port,
      prove: async (cell) => {
        controller.abort(new Error('interrupted'));
        await fleet.port.prove(cell);
        return false;
      },
    };
    await expect(rolloutCell(port, 'a', 'v1', { signal: controller.signal })).rejects.toThrow('interrupted');
    expect(fleet.log).toEqual(['record a began', 'deploy a now', 'prove a']);
    expect(await rolloutCell(fleet.port, 'a', 'v1')).toMatchObject({ state: 'proved' });
  });
});

describe('a fleet', () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];

  it('is rolled out over one cell at a time in the order of its waves, up to the first that is not proved', async () => {
    await fc.assert(
      fc.asyncProperty(fc.subarray(names), fc.constantFrom(...names), async (bad, canary) => {
        const fleet = new Fleet((cell) => (bad.includes(cell) ? { prove: [true] } : {}));
        const waves = wavesOf(names, names.length, canary);
        const order = [...waves.canary, ...waves.one, ...waves.tenth, ...waves.rest];
        const done = await rolloutWaves(fleet.port, waves, 'v1');
        const first = order.findIndex((cell) => bad.includes(cell));
        const touched = first === -1 ? order : order.slice(0, first + 1);
        expect(done.map(({ cell }) => cell)).toEqual(touched);
        expect(fleet.log.filter((line) => line.endsWith('began'))).toEqual(
          touched.map((cell) => `record ${cell} began`),
        );
        expect(done.filter(({ state }) => state !== 'proved')).toHaveLength(first === -1 ? 0 : 1);
      }),
    );
  });
});
