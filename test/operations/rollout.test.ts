/** What becomes of cells, whatever fails. The real thing, with git, calls and cells, is in test/end-to-end. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BakeRule } from '../../lib/operations/bake.ts';
import type { CallCounts } from '../../lib/operations/gates.ts';
import type { LoggedStep } from '../../lib/operations/rollout-log.ts';
import { rolloutCell, rolloutWaves, type RolloutPort, type Window } from '../../lib/operations/rollout.ts';
import { wavesOf } from '../../lib/operations/waves.ts';

interface Faults {
  /** Of each step, the attempts that fail: the first, the second. */
  readonly deploy?: readonly boolean[];
  readonly prove?: readonly boolean[];
  readonly record?: readonly boolean[];
  readonly isNew?: boolean;
  /** Share of the calls that are answered at the new release; 0.6 before, and everywhere else. */
  readonly answered?: number;
  readonly callsPerMinute?: number;
}

const release = { from: 'v1', to: 'v2' };
const minute = 60_000;
const start = Date.UTC(2026, 2, 2, 9);

/** The power goes. */
class Killed extends Error {}

class Fleet {
  /** What was done, in order. */
  readonly done: string[] = [];
  readonly log: LoggedStep[] = [];
  readonly said: string[] = [];
  /** What each cell runs. */
  readonly runs = new Map<string, string>();
  now = start;
  bakeRule: BakeRule | undefined;
  windows: readonly (Window & { readonly from: number })[] = [];
  /** After so many acts the next one is begun and does not end; once. */
  killAfter = Infinity;
  /** When each cell was given what, in order. */
  readonly #deploys = new Map<string, (readonly [at: number, commit: string])[]>();

  constructor(
    private readonly faults: (cell: string) => Faults = () => ({}),
    private readonly names: readonly string[] = ['a', 'b', 'c', 'd', 'e', 'f'],
  ) {}

  get port(): RolloutPort {
    return {
      exclusively: (_, work) => work(),
      deploy: async (cell, commit = 'v2') => {
        const isGood = this.#does('deploy', cell, commit);
        this.runs.set(cell, commit);
        this.#deploys.set(cell, [...(this.#deploys.get(cell) ?? []), [this.now, commit]]);
        return isGood;
      },
      prove: async (cell) => this.#does('prove', cell),
      record: async (cell, step) => this.#does('record', cell, step),
      isIn: async (cell) => this.faults(cell).isNew !== true,
      steps: () => this.log,
      note: (step) => {
        // Before or after the line is there.
        if (this.killAfter-- === 0) throw new Killed();
        this.log.push({ ...step, at: this.now });
        if (this.killAfter-- === 0) throw new Killed();
      },
      isCheckedOut: () => true,
      windowAt: (at) => this.windows.find(({ from, until }) => from <= at && at < until),
      bakeRule: this.bakeRule,
      now: () => this.now,
      pause: async (milliseconds) => {
        if (this.killAfter-- === 0) throw new Killed();
        this.now += milliseconds;
      },
      counts: async (from, to) => new Map(this.names.map((cell) => [cell, this.#calls(cell, from, to)])),
      say: (text) => void this.said.push(text),
    };
  }

  #calls(cell: string, from: number, to: number): CallCounts {
    const { answered = 0.6, callsPerMinute = 20 } = this.faults(cell);
    const setups = ((to - from) / minute) * callsPerMinute;
    const deploys = [[-Infinity, 'v1'] as const, ...(this.#deploys.get(cell) ?? []), [Infinity, ''] as const];
    const time = deploys.slice(1).reduce((sum, [until], at) => {
      const lasted = Math.max(0, Math.min(to, until) - Math.max(from, deploys[at]![0]));
      return sum + lasted * (deploys[at]![1] === 'v2' ? answered : 0.6);
    }, 0);
    return {
      ...{ setups, answered: (time / minute) * callsPerMinute, turnedAway: 0, broken: 0 },
      ...{ delaySeconds: setups, delays: setups, mos: setups * 4.2, scores: setups },
    };
  }

  #does(step: 'deploy' | 'prove' | 'record', cell: string, ...words: readonly string[]): boolean {
    if (this.killAfter-- === 0) throw new Killed();
    const before = this.done.filter((line) => line.startsWith(`${step} ${cell}`)).length;
    this.done.push([step, cell, ...words].join(' '));
    this.now += minute;
    return this.faults(cell)[step]?.[before] !== true;
  }
}

const of = async (faults: Faults) => {
  const fleet = new Fleet(() => faults);
  const [outcome] = await rolloutCell(fleet.port, 'a', release);
  return { fleet, outcome };
};

describe('a cell', () => {
  it('is deployed and proved', async () => {
    const { fleet, outcome } = await of({});
    expect(outcome).toEqual({ cell: 'a', state: 'proved', text: 'cell a is deployed and proved' });
    expect(fleet.done).toEqual(['record a began', 'deploy a v2', 'prove a', 'record a proved']);
  });

  it.each([
    ['deployed', { deploy: [true] }, ['deploy a v2', 'deploy a v1', 'prove a'], 'is not deployed'],
    ['proved', { prove: [true] }, ['deploy a v2', 'prove a', 'deploy a v1', 'prove a'], 'is deployed and not proved'],
  ])('that is not %s goes back, and is proved there', async (_, faults, steps, fault) => {
    const { fleet, outcome } = await of(faults);
    expect(outcome).toEqual({
      cell: 'a',
      state: 'back',
      text: `cell a ${fault}: it is back at v1, and proved there`,
    });
    expect(fleet.done).toEqual(['record a began', ...steps, 'record a proved']);
  });

  it('that is new is left as it is: there is nothing to go back to, and no tenant is in it', async () => {
    const { fleet, outcome } = await of({ prove: [true], isNew: true });
    expect(outcome).toMatchObject({ state: 'left', text: expect.stringContaining('it is not in v1') as string });
    expect(fleet.done).toEqual(['record a began', 'deploy a v2', 'prove a', 'record a failed']);
  });

  it('that is not proved where it went back to needs someone', async () => {
    const { fleet, outcome } = await of({ prove: [true, true] });
    const text =
      'cell a is deployed and not proved: going back to v1, it is deployed and not proved: it needs someone now';
    expect(outcome).toEqual({ cell: 'a', state: 'left', text });
    expect(fleet.done.at(-1)).toBe('record a failed');
  });

  it('is not touched when the planner can’t be told', async () => {
    const { fleet, outcome } = await of({ record: [true] });
    expect(outcome).toMatchObject({ state: 'left', text: expect.stringContaining('nothing was done') as string });
    expect(fleet.done).toEqual(['record a began']);
  });

  it('is not taken for proved when the planner can’t be told that it is, and is told again', async () => {
    const { fleet, outcome } = await of({ record: [false, true] });
    expect(outcome).toMatchObject({
      state: 'left',
      text: expect.stringContaining('the planner holds it') as string,
    });
    expect(await rolloutCell(fleet.port, 'a', release)).toMatchObject([{ state: 'proved' }]);
    expect(fleet.done.filter((line) => line.startsWith('deploy'))).toEqual(['deploy a v2']);
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
    await expect(rolloutCell(port, 'a', release, { signal: controller.signal })).rejects.toThrow('interrupted');
    expect(fleet.done).toEqual(['record a began', 'deploy a v2', 'prove a']);
    expect(await rolloutCell(fleet.port, 'a', release)).toMatchObject([{ state: 'proved' }]);
    expect(fleet.done.filter((line) => line.startsWith('deploy'))).toEqual(['deploy a v2']);
  });

  it('is not touched again where it is proved, unless another roll-out came between', async () => {
    const { fleet } = await of({});
    const steps = fleet.done.length;
    expect(await rolloutCell(fleet.port, 'a', release)).toEqual([
      { cell: 'a', state: 'proved', text: 'cell a is proved at v2 already' },
    ]);
    expect(fleet.done).toHaveLength(steps);
    await rolloutCell(fleet.port, 'a', { from: 'v2', to: 'v3' });
    await rolloutCell(fleet.port, 'a', release);
    expect(fleet.done.filter((line) => line.startsWith('deploy'))).toHaveLength(3);
  });

  it('that went back is tried again when it is asked for again', async () => {
    const { fleet } = await of({ prove: [true] });
    expect(await rolloutCell(fleet.port, 'a', release)).toMatchObject([{ state: 'proved' }]);
    expect(fleet.runs.get('a')).toBe('v2');
  });
});

describe('a fleet', () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];

  it('is rolled out over one cell at a time in the order of its waves, up to the first that is not proved, whose wave goes back', async () => {
    await fc.assert(
      fc.asyncProperty(fc.subarray(names), fc.constantFrom(...names), async (bad, canary) => {
        const fleet = new Fleet((cell) => (bad.includes(cell) ? { prove: [true] } : {}));
        const waves = wavesOf(names, names.length, canary);
        const order = Object.values(waves).flat() as string[];
        const done = await rolloutWaves(fleet.port, waves, release);
        const first = order.findIndex((cell) => bad.includes(cell));
        const touched = first === -1 ? order : order.slice(0, first + 1);
        expect(done.map(({ cell }) => cell)).toEqual(touched);
        expect(fleet.done.filter((line) => line.endsWith('began'))).toEqual(
          touched.map((cell) => `record ${cell} began`),
        );
        const wave = Object.values(waves).find((cells: readonly string[]) => cells.includes(order[first]!)) ?? [];
        for (const cell of touched) expect(fleet.runs.get(cell)).toBe(wave.includes(cell) ? 'v1' : 'v2');
        expect(done.filter(({ state }) => state === 'back').map(({ cell }) => cell)).toEqual(
          touched.filter((cell) => wave.includes(cell)),
        );
      }),
    );
  });
});

const bakeRule: BakeRule = {
  ...{ minutes: 60, calls: 1000, longestMinutes: 600 },
  gates: { answerSeizureRatio: 0.1, postDialDelaySeconds: 1, mos: 0.3, failures: 0.02 },
};
const waves = { canary: ['a'], one: ['b'], tenth: ['c', 'd'], rest: [] };
const baking = (faults: (cell: string) => Faults = () => ({})) => {
  const fleet = new Fleet(faults);
  fleet.bakeRule = bakeRule;
  return fleet;
};

describe('a bake', () => {
  it('lasts for its minutes and its calls, and then the next wave is begun', async () => {
    const fleet = baking((cell) => (cell === 'b' ? { callsPerMinute: 10 } : { callsPerMinute: 1000 }));
    const done = await rolloutWaves(fleet.port, waves, release);
    expect(done.map(({ state }) => state)).toEqual(['proved', 'proved', 'proved', 'proved']);
    const at = (cell: string, step: string) =>
      fleet.log.find((line) => line.cell === cell && line.step === step)!.at / minute;
    expect(at('a', 'end') - at('a', 'bake')).toBeGreaterThanOrEqual(60);
    expect(at('a', 'end') - at('a', 'bake')).toBeLessThan(65);
    expect(at('b', 'end') - at('b', 'bake')).toBeGreaterThanOrEqual(100);
    expect(at('b', 'begin')).toBeGreaterThanOrEqual(at('a', 'end'));
  });

  it('ends early with a release that lets calls fail, and the wave goes back', async () => {
    const fleet = baking((cell) => (cell === 'd' ? { answered: 0.1 } : {}));
    const done = await rolloutWaves(fleet.port, waves, release);
    expect(done.map(({ state }) => state)).toEqual(['proved', 'proved', 'back', 'back']);
    expect(done[3]!.text).toMatch(
      /^cell d is worse: answer-seizure ratio 10\.0 % \(\d+ calls\) after 60\.0 % \(1200 calls\)/,
    );
    expect(done[2]!.text).toContain('cell c with its wave (cell d is worse: ');
    expect([...fleet.runs.values()]).toEqual(['v2', 'v2', 'v1', 'v1']);
    const look = fleet.log.find(({ cell, result }) => cell === 'd' && result === 'bad')!;
    expect(look.calls).toBeLessThan(1000);
  });

  it('of few calls decides nothing, however bad they are, and stops the roll-out; run again, it bakes on', async () => {
    let callsPerMinute = 0.005;
    const fleet = baking((cell) => (cell === 'a' ? { callsPerMinute, answered: 0 } : {}));
    const done = await rolloutWaves(fleet.port, waves, release);
    expect(done).toMatchObject([{ cell: 'a', state: 'undecided' }]);
    expect(done[0]!.text).toContain('3 of the 1000 calls of its bake');
    expect(fleet.runs.get('a')).toBe('v2');
    callsPerMinute = 20;
    expect(await rolloutWaves(fleet.port, waves, release)).toMatchObject([{ cell: 'a', state: 'back' }]);
    expect(fleet.done.filter((line) => line === 'deploy a v2')).toHaveLength(1);
  });

  it('that has stopped undecided lasts, run again, for its longest time again', async () => {
    const fleet = baking((cell) => (cell === 'a' ? { callsPerMinute: 0.1 } : {}));
    expect(await rolloutCell(fleet.port, 'a', release)).toMatchObject([{ state: 'undecided' }]);
    fleet.now += 2 * bakeRule.longestMinutes * minute;
    const again = fleet.now;
    expect(await rolloutCell(fleet.port, 'a', release)).toMatchObject([{ state: 'undecided' }]);
    expect(fleet.now - again).toBeGreaterThanOrEqual(bakeRule.longestMinutes * minute);
    expect(fleet.done.filter((line) => line.startsWith('deploy'))).toEqual(['deploy a v2']);
  });

  it('at night is compared with so many hours before that they had calls', async () => {
    const quiet = (at: number) => at >= start - 5 * 60 * minute && at < start;
    const fleet = baking();
    const port: RolloutPort = {
      ...fleet.port,
      counts: async (from, to) =>
        quiet(from) && to <= start + 10 * minute
          ? new Map([...(await fleet.port.counts(from, from + 1000))])
          : fleet.port.counts(from, to),
    };
    expect(await rolloutWaves(port, waves, release)).toMatchObject([
      { state: 'proved' },
      { state: 'proved' },
      { state: 'proved' },
      { state: 'proved' },
    ]);
    const look = fleet.log.find(({ cell, step, result }) => cell === 'a' && result === 'good' && step === 'look')!;
    expect(look.why).toMatch(/^answer-seizure ratio 60\.0 % \(\d+ calls\) after 60\.0 % \(9\d{3} calls\)/);
  });

  it('of which the calls before are fewer than it takes looks back further, rather than never deciding', async () => {
    // Of 1,200 calls in the hour before, with a delay of 3 s, no number of calls since says that it has not become longer by 1 s.
    const fleet = baking();
    const port: RolloutPort = {
      ...fleet.port,
      counts: async (from, to) =>
        new Map(
          [...(await fleet.port.counts(from, to))].map(([cell, of]) => [cell, { ...of, delaySeconds: 3 * of.delays }]),
        ),
    };
    expect(await rolloutCell(port, 'a', release)).toMatchObject([{ state: 'proved' }]);
  });

  it('of a release that has just gone back is not compared with its own bad calls', async () => {
    const fleet = baking((cell) => (cell === 'a' ? { answered: 0.1 } : {}));
    for (let attempt = 0; attempt < 3; attempt++) {
      expect(await rolloutWaves(fleet.port, waves, release)).toMatchObject([{ cell: 'a', state: 'back' }]);
    }
  });

  it('of a release soon after another one is compared with the calls of that one, those of its bake among them', async () => {
    const fleet = baking((cell) => (cell === 'a' ? { callsPerMinute: 5 } : {}));
    const spans: [number, number][] = [];
    const port: RolloutPort = {
      ...fleet.port,
      counts: async (from, to) => {
        spans.push([from, to]);
        return fleet.port.counts(from, to);
      },
    };
    await rolloutCell(port, 'a', release);
    const proved = fleet.log.find(({ step }) => step === 'prove')!.at;
    spans.length = 0;
    expect(await rolloutCell(port, 'a', { from: 'v2', to: 'v3' })).toMatchObject([{ state: 'proved' }]);
    const begun = fleet.log.findLast(({ step }) => step === 'begin')!.at;
    expect(spans.filter(([, to]) => to <= begun).map(([from]) => from)).toContain(proved);
    expect(Math.min(...spans.map(([from]) => from))).toBe(proved);
  });

  it('that another host, whose clock is ahead, has begun goes on', async () => {
    const fleet = baking();
    const steps = ['begin', 'deploy', 'prove', 'bake'] as const;
    for (const step of steps) {
      const result = { begin: 'begun', deploy: 'done', prove: 'good', bake: 'begun' } as const;
      fleet.log.push({ cell: 'a', step, ...release, result: result[step], at: Date.UTC(9999, 0) });
    }
    fleet.runs.set('a', 'v2');
    expect(await rolloutCell(fleet.port, 'a', release)).toMatchObject([{ state: 'proved' }]);
    expect(fleet.now - start).toBeLessThan(bakeRule.longestMinutes * minute);
  });

  it('is not looked at while the calls before it are not known: a look would put the next one off', async () => {
    const fleet = baking();
    const knows = start + 120 * minute;
    const port: RolloutPort = {
      ...fleet.port,
      counts: async (from, to) =>
        to < start + 10 * minute && fleet.now < knows ? new Map() : fleet.port.counts(from, to),
    };
    expect(await rolloutCell(port, 'a', release)).toMatchObject([{ state: 'proved' }]);
    expect(fleet.log.filter(({ step }) => step === 'look')).toHaveLength(1);
    expect(fleet.now).toBeLessThan(knows + 5 * minute);
  });

  it('is not for a cell that is new: it has no tenants, whose calls could be judged', async () => {
    const fleet = baking(() => ({ isNew: true, callsPerMinute: 0 }));
    expect(await rolloutCell(fleet.port, 'a', release)).toMatchObject([{ state: 'proved' }]);
    expect(fleet.log.map(({ step }) => step)).not.toContain('bake');
  });
});

describe('a window', () => {
  const window = (kind: Window['kind'], from: number, until: number) => ({
    kind,
    called: `the ${kind} x`,
    from,
    until,
  });

  it.each(['freeze', 'blackout'] as const)('of a %s holds a roll-out that starts in it', async (kind) => {
    const fleet = new Fleet();
    fleet.windows = [window(kind, start, start + minute)];
    expect(await rolloutWaves(fleet.port, waves, release)).toEqual([
      {
        ...{ cell: 'a', state: 'held' },
        text: `cell a is not started: the ${kind} x lasts until 2026-03-02T09:01:00.000Z. Run it again then`,
      },
    ]);
    expect(fleet.done).toEqual([]);
    fleet.now += minute;
    expect(await rolloutWaves(fleet.port, waves, release)).toHaveLength(4);
  });

  it('that it reaches makes it wait for a black-out, in the midst of a wave, too, whose first cell bakes meanwhile', async () => {
    const fleet = new Fleet();
    fleet.bakeRule = { ...bakeRule, minutes: 1, calls: 1, gates: {} };
    const wave = { canary: [], one: [], tenth: ['a', 'b'], rest: [] };
    fleet.windows = [window('blackout', start + minute, start + 60 * minute)];
    const done = await rolloutWaves(fleet.port, wave, release);
    expect(done.map(({ state }) => state)).toEqual(['proved', 'proved']);
    const [first, second] = ['a', 'b'].map((cell) =>
      fleet.log.find((line) => line.cell === cell && line.step === 'begin')!,
    );
    expect(first!.at).toBe(start + minute);
    expect(second!.at).toBeGreaterThanOrEqual(start + 60 * minute);
    expect(fleet.log.find(({ cell, step }) => cell === 'a' && step === 'end')!.at).toBeLessThan(start + 60 * minute);
    expect(fleet.log.find(({ step }) => step === 'wait')).toMatchObject({
      cell: 'b',
      why: expect.stringContaining('x lasts') as string,
    });
  });

  it('that it reaches ends it at a freeze', async () => {
    const fleet = new Fleet();
    fleet.windows = [window('freeze', start + minute, start + 60 * minute)];
    const done = await rolloutWaves(fleet.port, waves, release);
    expect(done.map(({ cell, state }) => `${cell} ${state}`)).toEqual(['a proved', 'b held']);
    expect(fleet.done.filter((line) => line.startsWith('deploy'))).toEqual(['deploy a v2']);
  });

  it('does not hold up the way back', async () => {
    const fleet = new Fleet(() => ({ prove: [true] }));
    fleet.windows = [window('freeze', start + minute, start + 60 * minute)];
    expect(await rolloutCell(fleet.port, 'a', release)).toMatchObject([{ state: 'back' }]);
  });
});

describe('a roll-out of a folder that changes under it', () => {
  it('begins no further cell, and lets those that it has deployed bake', async () => {
    const fleet = new Fleet();
    fleet.bakeRule = { ...bakeRule, minutes: 1, calls: 1, gates: {} };
    const port: RolloutPort = {
      ...fleet.port,
      isCheckedOut: () => !fleet.done.includes('prove c'),
    };
    const done = await rolloutWaves(port, waves, release);
    expect(done.map(({ cell, state }) => `${cell} ${state}`)).toEqual(['a proved', 'b proved', 'c proved', 'd held']);
    expect(done[3]!.text).toBe(
      'cell d is not started: v2 is no longer what is checked out. Check it out, and run it again',
    );
    expect(fleet.done.filter((line) => line.includes(' d'))).toEqual([]);
    expect(await rolloutWaves(fleet.port, waves, release)).toMatchObject(Array(4).fill({ state: 'proved' }));
  });

  it('does not deploy a cell that it had begun before it was killed', async () => {
    const fleet = new Fleet();
    fleet.killAfter = 3;
    await expect(rolloutCell(fleet.port, 'a', release)).rejects.toThrow(Killed);
    expect(fleet.log.map(({ step }) => step)).toEqual(['begin']);
    expect(await rolloutCell({ ...fleet.port, isCheckedOut: () => false }, 'a', release)).toMatchObject([
      { state: 'held' },
    ]);
    expect(fleet.done).toEqual(['record a began']);
  });

  it('goes back all the same', async () => {
    const fleet = new Fleet(() => ({ prove: [true] }));
    const port: RolloutPort = { ...fleet.port, isCheckedOut: () => !fleet.done.includes('prove a') };
    expect(await rolloutCell(port, 'a', release)).toMatchObject([{ state: 'back' }]);
  });
});

describe('a roll-out that is run again with another canary', () => {
  const killedIn = async (fleet: Fleet, cell: string, step: string) => {
    const note = fleet.port.note;
    const port: RolloutPort = {
      ...fleet.port,
      note: (of) => {
        note(of);
        if (of.cell === cell && of.step === step) throw new Killed();
      },
    };
    await expect(rolloutWaves(port, waves, release)).rejects.toThrow(Killed);
  };
  const others = { canary: ['c'], one: ['d'], tenth: ['a', 'b'], rest: [] };

  it('finishes the cell that is under way before it begins another', async () => {
    const fleet = new Fleet();
    await killedIn(fleet, 'a', 'begin');
    expect(await rolloutWaves(fleet.port, others, release)).toHaveLength(4);
    expect(fleet.done.filter((line) => line.startsWith('deploy'))).toEqual(
      ['a', 'b', 'c', 'd'].map((cell) => `deploy ${cell} v2`),
    );
  });

  it('takes back what was going back, and begins nothing', async () => {
    const fleet = new Fleet((cell) => (cell === 'd' ? { prove: [true] } : {}));
    await killedIn(fleet, 'c', 'back');
    const done = await rolloutWaves(fleet.port, { canary: ['f'], one: ['d'], tenth: ['e'], rest: ['c'] }, release);
    expect(done.map(({ cell, state }) => `${cell} ${state}`).sort()).toEqual(['c back', 'd back']);
    expect(fleet.runs.get('f')).toBeUndefined();
  });
});

describe('a roll-out that is killed at any step', () => {
  it('ends, run again, as one that is not killed, with no cell between two releases', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(60), { maxLength: 4 }),
        fc.constantFrom<Record<string, Faults>>({}, { a: { answered: 0.1 } }, { d: { answered: 0.1 } }),
        async (kills, faults) => {
          const quickly = (): Fleet => {
            const fleet = new Fleet((cell) => ({ callsPerMinute: 400, ...faults[cell] }));
            fleet.bakeRule = { ...bakeRule, minutes: 4 };
            return fleet;
          };
          const whole = quickly();
          const expected = await rolloutWaves(whole.port, waves, release);
          const fleet = quickly();
          for (const kill of kills) {
            fleet.killAfter = kill;
            try {
              await rolloutWaves(fleet.port, waves, release);
              // It has ended. If it had gone back, the next run would try it again.
              return;
            } catch (error) {
              if (!(error instanceof Killed)) throw error;
            }
          }
          fleet.killAfter = Infinity;
          const done = await rolloutWaves(fleet.port, waves, release);
          const isGood = (all: typeof done) => all.every(({ state }) => state === 'proved');
          expect(isGood(done)).toBe(isGood(expected));
          expect(Object.fromEntries(fleet.runs)).toEqual(Object.fromEntries(whole.runs));
          for (const cell of fleet.runs.keys()) {
            expect(fleet.log.findLast((line) => line.cell === cell)!.step).toBe('end');
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});
