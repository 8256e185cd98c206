import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { RtpClock } from '../../../lib/user-agent/audio/rtp-clock.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('the clock of all streams', () => {
  const recorder = () => {
    const frames: number[] = [];
    return { frames, stream: { tick: (frame: number) => void frames.push(frame) } };
  };

  test('ticks every stream once each 20 ms', () => {
    const clock = new RtpClock();
    const all = Array.from({ length: 10 }, recorder);
    const stops = all.map(({ stream }) => clock.add(stream));
    vi.advanceTimersByTime(1000);
    for (const { frames } of all) expect(frames).toEqual(Array.from({ length: 50 }, (_, frame) => frame));
    stops.forEach((stop) => stop());
    vi.advanceTimersByTime(1000);
    expect(all[0]?.frames).toHaveLength(50);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('spreads streams over the frame', () => {
    const clock = new RtpClock();
    const times: number[] = [];
    for (let stream = 0; stream < 8; stream++) clock.add({ tick: () => void times.push(performance.now()) });
    const started = performance.now();
    vi.advanceTimersByTime(20);
    expect(times.map((time) => Math.round(time - started))).toEqual([5, 5, 10, 10, 15, 15, 20, 20]);
  });

  test('makes good what a late wake-up missed', () => {
    let now = 0;
    const clock = new RtpClock(() => now);
    const { frames, stream } = recorder();
    clock.add(stream);
    now = 205;
    clock.wake();
    expect(frames).toHaveLength(11);
    now = 210;
    clock.wake();
    expect(frames).toHaveLength(11);
    expect(clock.lateness).toEqual({ worstMs: 200, lostMs: 0 });
  });

  test('gives up what is more than half a second late, and says so', () => {
    let now = 0;
    const clock = new RtpClock(() => now);
    const { frames, stream } = recorder();
    clock.add(stream);
    now = 2000;
    clock.wake();
    expect(frames).toEqual(Array.from({ length: 25 }, (_, at) => 75 + at));
    expect(clock.lateness.lostMs).toBe(1500);
  });

  test('counts on after a time without streams', () => {
    const clock = new RtpClock();
    clock.add({ tick: () => undefined })();
    vi.advanceTimersByTime(5000);
    const { frames, stream } = recorder();
    clock.add(stream);
    vi.advanceTimersByTime(100);
    expect(frames).toHaveLength(5);
    expect(clock.lateness).toEqual({ worstMs: 0, lostMs: 0 });
  });
});
