import { describe, expect, test } from 'vitest';
import type { AudioResult, CallResult } from '../../lib/user-agent/call-result.ts';
import { summarise } from '../../lib/user-agent/summary.ts';

const audio = (more: Partial<AudioResult> = {}): AudioResult => ({
  sent: 100,
  received: 100,
  lost: 0,
  reordered: 0,
  duplicates: 0,
  jitterMs: 1,
  longestGapMs: 20,
  tone: 1,
  otherTones: [],
  sources: {},
  ...more,
});
const call = (more: Partial<CallResult> = {}): CallResult => ({
  index: 0,
  kind: 'registered',
  callId: '1',
  calleeCallId: '1',
  from: 'sip:a@a',
  to: 'sip:b@a',
  answered: true,
  status: 200,
  reason: 'OK',
  retryAfterSeconds: null,
  redirects: [],
  postDialDelayMs: 5,
  setupMs: 10,
  acknowledged: true,
  toCallee: audio(),
  toCaller: audio(),
  mediaAddress: { caller: '10.0.0.1', callee: '10.0.0.1' },
  route: [],
  end: { by: 'caller', status: 200 },
  failures: [],
  ...more,
});

describe('a summary', () => {
  test('counts calls by outcome, kind and media address', () => {
    const refused = { answered: false, status: 503, setupMs: null, toCallee: null, toCaller: null };
    const summary = summarise([
      call(),
      call({ mediaAddress: { caller: '10.0.0.2', callee: null } }),
      call({
        ...refused,
        kind: 'carrier-in',
        mediaAddress: { caller: null, callee: null },
        failures: [{ what: 'x', detail: 'y' }],
      }),
    ]);
    expect(summary).toMatchObject({
      calls: 3,
      answered: 2,
      failed: 1,
      statuses: { 200: 2, 503: 1 },
      kinds: { registered: { calls: 2, failed: 0 }, 'carrier-in': { calls: 1, failed: 1 } },
      mediaAddresses: { '10.0.0.1': 1, '10.0.0.2': 1 },
    });
  });

  test('takes p50 and p99 by the nearest rank of the answered calls', () => {
    const calls = Array.from({ length: 100 }, (_, index) => call({ setupMs: 100 - index }));
    expect(summarise([...calls, call({ setupMs: null })]).setupMs).toEqual({ p50: 50, p99: 99, worst: 100 });
    expect(summarise([call({ setupMs: 7 })]).setupMs).toEqual({ p50: 7, p99: 7, worst: 7 });
    expect(summarise([]).setupMs).toBeNull();
  });

  test('adds up packets of both directions and keeps the worst', () => {
    const summary = summarise([
      call({ toCaller: audio({ sent: null, received: 90, lost: 10, longestGapMs: 400 }) }),
      call({ toCallee: audio({ reordered: 2, jitterMs: 9 }) }),
    ]);
    expect(summary.packets).toEqual({ sent: 300, received: 390, lost: 10, reordered: 2 });
    expect([summary.worstJitterMs, summary.longestGapMs]).toEqual([9, 400]);
  });

  test('lists what went wrong by the calls it happened to, each call once', () => {
    const failure = (what: string, detail: string) => ({ what, detail });
    const summary = summarise([
      call({ failures: [failure('rare', '1')] }),
      call({ failures: [failure('often', '2'), failure('often', '3')] }),
      call({ failures: [failure('often', '4')] }),
    ]);
    expect(summary.failures).toEqual([
      { what: 'often', calls: 2, example: '3' },
      { what: 'rare', calls: 1, example: '1' },
    ]);
  });
});
