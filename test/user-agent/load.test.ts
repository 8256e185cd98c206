import { describe, expect, test } from 'vitest';
import type { CallResult } from '../../lib/user-agent/call-result.ts';
import { type Progress, placeCalls } from '../../lib/user-agent/load.ts';

const result = (index: number, failures: CallResult['failures'] = []) => ({ index, failures }) as unknown as CallResult;

describe('load', () => {
  test('reports what is placed, up, over and failed, and gives the results in order', async () => {
    const seen: Progress[] = [];
    const results = await placeCalls({
      calls: 3,
      ratePerSecond: 1000,
      place: async (index) => {
        await new Promise((resolve) => setTimeout(resolve, 60 - 20 * index));
        return result(index, index === 1 ? [{ what: 'x', detail: '' }] : []);
      },
      onProgress: (progress) => void seen.push(progress),
      onResult: () => undefined,
      signal: new AbortController().signal,
    });
    expect(results.map(({ index }) => index)).toEqual([0, 1, 2]);
    expect(seen.at(-1)).toEqual({ calls: 3, placed: 3, up: 0, over: 3, failed: 1 });
    expect(Math.max(...seen.map(({ up }) => up))).toBe(3);
  });

  test('places no more calls once it is stopped, and waits for those that are up', async () => {
    const stop = new AbortController();
    const results = await placeCalls({
      calls: 100,
      ratePerSecond: 50,
      place: async (index) => {
        if (index === 2) stop.abort();
        await new Promise((resolve) => setTimeout(resolve, 30));
        return result(index);
      },
      onProgress: () => undefined,
      onResult: () => undefined,
      signal: stop.signal,
    });
    expect(results.map(({ index }) => index)).toEqual([0, 1, 2]);
  });

  test('fails when a call can not be placed at all, after the others are over', async () => {
    let over = 0;
    const running = placeCalls({
      calls: 2,
      ratePerSecond: 1000,
      place: async (index) => {
        if (index === 0) throw new Error('no media port');
        await new Promise((resolve) => setTimeout(resolve, 20));
        over++;
        return result(index);
      },
      onProgress: () => undefined,
      onResult: () => undefined,
      signal: new AbortController().signal,
    });
    await expect(running).rejects.toThrow('no media port');
    expect(over).toBe(1);
  });
});
