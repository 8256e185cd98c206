import { existsSync, readFileSync } from 'node:fs';
import { format } from 'prettier';
import { describe, expect, it } from 'vitest';
import { bound, growthOf } from './memory.ts';
import { isWell, pageFile, readResults, soakPage, type SoakResult } from './results.ts';

/** A sample every 10 s. */
const life = (...kilobytes: readonly number[]) => ({
  ...{ host: 'sbc-1', program: 'kamailio' },
  samples: kilobytes.map((each, at) => ({ at: at * 10_000, kilobytes: each })),
});
const warmUpMs = 30_000;

describe('the memory of a program', () => {
  it('is flat when it grows while it warms up, and goes up and down with the calls after that', () => {
    const growth = growthOf(life(10, 50_000, 90_000, 100_000, 100_900, 100_000, 101_000, 100_100, 100_000), warmUpMs);
    expect(growth).toMatchObject({ fromKilobytes: 100_000, toKilobytes: 100_000, isFlat: true });
  });

  it('is not when what it needs at least grows by more than the bound', () => {
    const leaks = (perSample: number) =>
      growthOf(life(...Array.from({ length: 60 }, (_, at) => 20_000 + at * perSample)), warmUpMs)!;
    expect(leaks(bound.kilobytes / 60).isFlat).toBe(true);
    expect(leaks((2 * bound.kilobytes) / 60).isFlat).toBe(false);
  });

  it('is not judged by a life that was too short', () => {
    expect(growthOf(life(1, 2, 3, 4, 5), warmUpMs)).toBeUndefined();
  });
});

describe('a soak', () => {
  const result: SoakResult = {
    ...{ seed: 1, minutes: 60, happened: 90, notWhole: 0, calls: 7200, answered: 7190, failed: 12 },
    ...{ recordsLost: 0, recordsDoubled: 0, left: [], memory: [growthOf(life(...Array<number>(20).fill(5)), 0)!] },
    why: { refused: 12 },
  };

  it('is well only where nothing is lost, left behind or grows', () => {
    expect(isWell(result)).toBe(true);
    const faulty: readonly Partial<SoakResult>[] = [
      { recordsLost: 1 },
      { recordsDoubled: 1 },
      { left: ['users: 4 before, 5 after'] },
      { notWhole: 1 },
      { memory: [{ ...result.memory[0]!, isFlat: false }] },
    ];
    for (const fault of faulty) expect(isWell({ ...result, ...fault })).toBe(false);
  });

  it('is told on a page that is made from the results that are kept', async () => {
    expect(existsSync(pageFile)).toBe(readResults().length > 0);
    if (!existsSync(pageFile)) return;
    expect(readFileSync(pageFile, 'utf8')).toBe(await format(soakPage(readResults()), { parser: 'markdown' }));
  });
});
