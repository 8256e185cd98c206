/**
 * Rolls a change out over cells, wave by wave: deploys the cells of a wave, proves them, lets them bake, and takes all of them back when one is
 * not good. Every step stands in a log, by which the same roll-out goes on after an interruption at any moment.
 */
import { bake, type BakePort, type BakeRule } from './bake.ts';
import {
  progressOf,
  timeBefore,
  type CellProgress,
  type LoggedStep,
  type Release,
  type RolloutStep,
} from './rollout-log.ts';
import type { Waves } from './waves.ts';

/** As the planner knows a deploy. `failed`: the cell is neither deployed nor taken back. */
export type DeployOutcome = 'began' | 'proved' | 'failed';

/** A span of time in which no cell is begun. */
export interface Window {
  /** freeze: a roll-out that reaches it stops; blackout: it waits. */
  readonly kind: 'freeze' | 'blackout';
  /** With its name, for people. */
  readonly called: string;
  /** Milliseconds since 1970. */
  readonly until: number;
}

/** What a roll-out needs of the fleet's repository and of the target. */
export interface RolloutPort extends BakePort {
  /** Works while no other roll-out does on the same cell. @throws UserError that names the owner, when another does */
  exclusively<T>(cell: string, work: () => Promise<T>): Promise<T>;

  /** Brings the cell to what the repository says now, or said in a commit. @returns whether it is there */
  deploy(cell: string, commit?: string): Promise<boolean>;

  /** Whether the cell carries calls, and nothing is wrong with it. */
  prove(cell: string): Promise<boolean>;

  /** Records it for the planner. @returns whether that worked */
  record(cell: string, outcome: DeployOutcome): Promise<boolean>;

  /** Whether a commit has the cell. */
  isIn(cell: string, commit: string): Promise<boolean>;

  /** All steps of all roll-outs, in order. */
  steps(): readonly LoggedStep[];

  /** Adds a step, and returns when it will outlast a crash. */
  note(step: RolloutStep): void;

  /** Whether the repository still says what it said when the roll-out began. */
  isCheckedOut(): boolean;

  /** The window that a moment lies in. */
  windowAt(at: number): Window | undefined;

  /** Undefined where a cell is good as soon as it is proved. */
  readonly bakeRule: BakeRule | undefined;
}

/** What became of a cell. */
export interface RolledOut {
  readonly cell: string;
  /**
   * proved: it is as the repository says now; back: as before, and proved; left: neither is known to carry calls. held: nothing was begun on it,
   * because of a window, or something else is checked out; undecided: it is proved, and its calls do not say whether it is good.
   */
  readonly state: 'proved' | 'back' | 'left' | 'held' | 'undecided';
  /** A sentence. */
  readonly text: string;
}

interface Options {
  /** Once it is aborted nothing further is begun. The planner holds the cell, and the same roll-out goes on from there. */
  readonly signal?: AbortSignal;
}

/** As a wave of its own. Doing it again does what is missing. */
export function rolloutCell(
  port: RolloutPort,
  cell: string,
  release: Release,
  { signal }: Options = {},
): Promise<readonly RolledOut[]> {
  return new Rollout(port, release, signal).waves([[cell]]);
}

/**
 * Wave by wave, and within a wave one cell at a time. The first cell that is not good ends it: its wave is taken back, and no further cell is touched.
 * @returns what became of each cell that was touched, and of the one that a window holds
 */
export function rolloutWaves(
  port: RolloutPort,
  { canary, one, tenth, rest }: Waves,
  release: Release,
  { signal }: Options = {},
): Promise<readonly RolledOut[]> {
  return new Rollout(port, release, signal).waves([canary, one, tenth, rest]);
}

class Rollout {
  readonly #port: RolloutPort;
  readonly #release: Release;
  readonly #signal: AbortSignal | undefined;
  /** Whether this run has brought any cell on: one that starts in a window ends there, whichever it is. */
  #isUnderWay = false;

  constructor(port: RolloutPort, release: Release, signal: AbortSignal | undefined) {
    this.#port = port;
    this.#release = release;
    this.#signal = signal;
  }

  async waves(waves: readonly (readonly string[])[]): Promise<readonly RolledOut[]> {
    // Whatever waves they were in: another canary may have been asked for since.
    const open = waves.flat().filter((cell) => this.#openProgress(cell) !== undefined);
    const fault = open.map((cell) => this.#openProgress(cell)!.goesBack).find((why) => why !== undefined);
    if (fault !== undefined) return this.#exclusively(open, () => this.#takeBack(open, fault));

    const isOpen = (wave: readonly string[]) => wave.some((cell) => open.includes(cell));
    const done: RolledOut[] = [];
    for (const wave of [...waves.filter(isOpen), ...waves.filter((wave) => !isOpen(wave))]) {
      done.push(...(await this.#exclusively(wave, () => this.#wave(wave))));
      if (done.some(({ state }) => state !== 'proved')) break;
    }
    return done;
  }

  /** Until the last cell of a wave is good, each of them may have to go back. */
  #exclusively<T>(cells: readonly string[], work: () => Promise<T>): Promise<T> {
    return cells.reduceRight((inner, cell) => () => this.#port.exclusively(cell, inner), work)();
  }

  async #wave(wave: readonly string[]): Promise<readonly RolledOut[]> {
    const isProved = (cell: string) => this.#progress(cell)?.ended === 'proved';
    const done = wave.filter(isProved).map((cell): RolledOut => ({
      cell,
      state: 'proved',
      text: `cell ${cell} is proved at ${this.#release.to} already`,
    }));
    let rest = wave.filter((cell) => !isProved(cell));
    while (rest.length > 0) {
      const held = this.#heldByChange(rest[0]!) ?? (await this.#heldByWindow(rest[0]!));
      if (held !== undefined) return [...done, held];
      const part = await this.#bringOn(rest);
      done.push(...part.outcomes);
      if (!part.isGood) return done;
      rest = rest.slice(part.outcomes.length);
    }
    return done;
  }

  /** What is deployed would be another release than the one that baked. @returns what to end with */
  #heldByChange(cell: string): RolledOut | undefined {
    if (!this.#isChanged(cell)) return undefined;
    const why = `${this.#release.to} is no longer what is checked out`;
    this.#note(cell, 'stop', 'held', why);
    return { cell, state: 'held', text: `cell ${cell} is not started: ${why}. Check it out, and run it again` };
  }

  #isChanged(cell: string): boolean {
    return this.#openProgress(cell)?.isDeployed !== true && !this.#port.isCheckedOut();
  }

  /** Waits for the end of a black-out. @returns what to end with */
  async #heldByWindow(cell: string): Promise<RolledOut | undefined> {
    for (;;) {
      const window = this.#windowBefore(cell);
      if (window === undefined) return undefined;
      const until = new Date(window.until).toISOString();
      if (window.kind === 'freeze' || !this.#isUnderWay) {
        const why = `${window.called} lasts until ${until}`;
        this.#note(cell, 'stop', 'held', why);
        return { cell, state: 'held', text: `cell ${cell} is not started: ${why}. Run it again then` };
      }
      const why = `${window.called} lasts until ${until}`;
      this.#note(cell, 'wait', 'begun', why);
      this.#port.say(`cell ${cell} waits: ${why}`);
      await this.#port.pause(window.until - this.#port.now(), this.#signal);
    }
  }

  /** Where a cell is under way, no window holds it up: half a deploy is worse. */
  #windowBefore(cell: string): Window | undefined {
    return this.#openProgress(cell) === undefined ? this.#port.windowAt(this.#port.now()) : undefined;
  }

  /** Deploys and proves cells up to the next window, and lets them bake together: no cell is left on an unjudged release. */
  async #bringOn(
    cells: readonly string[],
  ): Promise<{ readonly isGood: boolean; readonly outcomes: readonly RolledOut[] }> {
    const proved: string[] = [];
    for (const cell of cells) {
      if (proved.length > 0 && (this.#windowBefore(cell) !== undefined || this.#isChanged(cell))) break;
      this.#signal?.throwIfAborted();
      if (this.#openProgress(cell) === undefined) {
        // What is under way and not known to be can't be held for.
        if (!(await this.#port.record(cell, 'began'))) {
          const text = `cell ${cell}: that its deploy begins could not be recorded, so nothing was done`;
          this.#note(cell, 'stop', 'failed', text);
          const { outcomes } = await this.#bake(proved);
          return { isGood: false, outcomes: [...outcomes, { cell, state: 'left', text }] };
        }
        this.#note(cell, 'begin', 'begun');
      }
      this.#isUnderWay = true;
      const fault = await this.#deployAndProve(cell);
      if (fault !== undefined) {
        return { isGood: false, outcomes: await this.#takeBack([...proved, cell], `cell ${cell} ${fault}`) };
      }
      proved.push(cell);
    }
    return this.#bake(proved);
  }

  /** @returns what is wrong; undefined when the cell is deployed and carries calls */
  async #deployAndProve(cell: string): Promise<string | undefined> {
    const { isDeployed, isProved } = this.#progress(cell)!;
    if (!isDeployed) {
      this.#note(cell, 'deploy', 'begun');
      const isThere = await this.#port.deploy(cell);
      this.#signal?.throwIfAborted();
      this.#note(cell, 'deploy', isThere ? 'done' : 'failed');
      if (!isThere) return 'is not deployed';
    }
    if (!isProved) {
      const isGood = await this.#port.prove(cell);
      this.#signal?.throwIfAborted();
      this.#note(cell, 'prove', isGood ? 'good' : 'bad');
      if (!isGood) return 'is deployed and not proved';
    }
    return undefined;
  }

  /** Cells that are proved. */
  async #bake(
    cells: readonly string[],
  ): Promise<{ readonly isGood: boolean; readonly outcomes: readonly RolledOut[] }> {
    const rule = this.#port.bakeRule;
    // A cell that is new has no tenants, whose calls could be judged.
    const withCalls: string[] = [];
    for (const cell of cells) if (await this.#port.isIn(cell, this.#release.from)) withCalls.push(cell);
    if (rule !== undefined && withCalls.length > 0) {
      for (const cell of withCalls) if (this.#progress(cell)!.waiting === undefined) this.#note(cell, 'bake', 'begun');
      const baking = withCalls.map((name) => ({ name, ...this.#progress(name)! }));
      // Another host's clock may be ahead.
      const past = (...at: readonly number[]) => Math.min(this.#port.now(), Math.max(...at));
      const since = past(...baking.map((cell) => cell.baking!));
      const { result, why } = await bake(
        this.#port,
        rule,
        {
          before: timeBefore(this.#port.steps(), withCalls, Math.min(...baking.map(({ begun }) => begun))),
          since,
          waits: past(...baking.map((cell) => cell.waiting!)),
          cells: baking.map(({ name, looks }) => ({ name, looks: looks.map(({ calls }) => calls ?? 0) })),
        },
        ({ cell, result, why, calls }) => this.#note(cell, 'look', result, why, calls),
        this.#signal,
      );
      if (result === 'bad') return { isGood: false, outcomes: await this.#takeBack(cells, why) };
      if (result === 'undecided') {
        const text = `its bake has not decided: ${why}. It stays as it is; run it again to bake on`;
        return {
          isGood: false,
          outcomes: cells.map((cell) => {
            this.#note(cell, 'stop', 'undecided', why);
            return { cell, state: 'undecided', text: `cell ${cell} is deployed and proved, and ${text}` };
          }),
        };
      }
    }
    const outcomes: RolledOut[] = [];
    for (const cell of cells) {
      outcomes.push(await this.#end({ cell, state: 'proved', text: `cell ${cell} is deployed and proved` }));
    }
    return { isGood: outcomes.every(({ state }) => state === 'proved'), outcomes };
  }

  /** All cells of a wave that are under way, the last one first. */
  async #takeBack(cells: readonly string[], fault: string): Promise<readonly RolledOut[]> {
    // All of them, before the first goes back: after an interruption none is taken for a good one.
    for (const cell of cells) if (this.#progress(cell)!.goesBack === undefined) this.#noteBack(cell, 'begun', fault);
    const outcomes: RolledOut[] = [];
    for (const cell of [...cells].reverse()) outcomes.unshift(await this.#end(await this.#goBack(cell, fault)));
    return outcomes;
  }

  async #goBack(cell: string, fault: string): Promise<RolledOut> {
    const { from } = this.#release;
    const found = fault.startsWith(`cell ${cell} `) ? fault : `cell ${cell} with its wave (${fault})`;
    if (!(await this.#port.isIn(cell, from))) {
      const nothing = `it is not in ${from}, so there is nothing to go back to`;
      const text = `${found}: ${nothing}. It is left as it is, and takes no tenants until it is proved`;
      return { cell, state: 'left', text };
    }
    this.#signal?.throwIfAborted();
    const isThere = await this.#port.deploy(cell, from);
    this.#signal?.throwIfAborted();
    const isProved = isThere && (await this.#port.prove(cell));
    this.#signal?.throwIfAborted();
    this.#noteBack(cell, isProved ? 'done' : 'failed');
    if (isProved) return { cell, state: 'back', text: `${found}: it is back at ${from}, and proved there` };
    const again = isThere ? 'is deployed and not proved' : 'is not deployed';
    return { cell, state: 'left', text: `${found}: going back to ${from}, it ${again}: it needs someone now` };
  }

  /** Records it for the planner, then in the log: what is not in the log is recorded again. */
  async #end(outcome: RolledOut): Promise<RolledOut> {
    const { cell, state, text } = outcome;
    if (await this.#port.record(cell, state === 'left' ? 'failed' : 'proved')) {
      this.#note(cell, 'end', state, text);
      return outcome;
    }
    const why = `cell ${cell}: how its deploy ended could not be recorded, so the planner holds it`;
    this.#note(cell, 'stop', 'failed', why);
    return { cell, state: 'left', text: `${text}\n${why}` };
  }

  #progress(cell: string): CellProgress | undefined {
    return progressOf(this.#port.steps(), cell, this.#release);
  }

  /** Of a cell that is under way. */
  #openProgress(cell: string): CellProgress | undefined {
    const progress = this.#progress(cell);
    return progress?.ended === undefined ? progress : undefined;
  }

  #note(cell: string, step: RolloutStep['step'], result: RolloutStep['result'], why?: string, calls?: number): void {
    this.#port.note({ cell, step, ...this.#release, result, why, calls });
  }

  #noteBack(cell: string, result: RolloutStep['result'], why?: string): void {
    const { from, to } = this.#release;
    this.#port.note({ cell, step: 'back', from: to, to: from, result, why });
  }
}
