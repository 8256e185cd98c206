import { describe, expect, it } from 'vitest';
import { holdOf, type CellFacts } from '../../../lib/planner/plan/hold.ts';
import type { Signals } from '../../../lib/planner/plan/input.ts';
import { DEFAULT_RULES } from '../../../lib/planner/plan/rules.ts';
import { healthy, HOUR, NOW, specOf, tenantsOf } from './fleets.ts';

const facts: CellFacts = {
  tenants: tenantsOf('euw1-a', 1, 100),
  unmeasured: [],
  implausible: [],
  unaccounted: undefined,
};
const hold = (signals: Partial<Signals>, more: { unfinished?: { step: string; since: number } } = {}) =>
  holdOf(
    { spec: specOf('euw1-a'), history: {}, signals: { ...healthy(NOW, 100), ...signals }, ...more },
    NOW,
    DEFAULT_RULES,
    facts,
  );

describe('holdOf', () => {
  it('a cell with good, fresh measurements is not held', () => {
    expect(hold({})).toBeUndefined();
  });

  it.each([
    [{ mos: 3.2 }, 'MOS 3.2 is below 3.6'],
    [{ jitterMs: 45 }, 'jitter 45 ms is above 30 ms'],
    [{ loss: 0.03 }, '3.0 % of the packets are lost, allowed 1.0 %'],
    [{ setupSeconds: 5 }, 'set-up takes 5 s, allowed 3 s'],
    [{ answerSeizureRatio: 0.1 }, '10.0 % of the set-ups are answered, usual are 30.0 % to 99.0 %'],
    [{ answerSeizureRatio: 1 }, '100.0 % of the set-ups are answered'],
  ])('bad calls hold the cell: %j', (signals, text) => {
    expect(hold(signals)).toMatchObject({ codes: ['quality'], reason: expect.stringContaining(text) as string });
  });

  it('what is not measured, or not lately, is unknown and holds the cell', () => {
    const { relayedCalls, ...rest } = healthy(NOW, 100);
    expect(relayedCalls).toBe(100);
    const cell = { spec: specOf('euw1-a'), history: {} };
    expect(holdOf({ ...cell, signals: rest }, NOW, DEFAULT_RULES, facts)).toMatchObject({
      codes: ['missing'],
      reason: 'not measured: relayedCalls',
    });
    const unmeasured = { ...cell, signals: { measuredAt: undefined } };
    expect(holdOf(unmeasured, NOW, DEFAULT_RULES, facts)!.codes).toEqual(['missing']);
    // A new cell, which waits for its first tenant.
    expect(holdOf(unmeasured, NOW, DEFAULT_RULES, { ...facts, tenants: [] })).toBeUndefined();
    expect(hold({ measuredAt: NOW - HOUR })!.reason).toContain('60 minutes ago, allowed 30');
  });

  it('an hourly measurement is not stale before the next was due', () => {
    const hourly = (minutes: number) => hold({ measuredAt: NOW - minutes * 60_000, everyMinutes: 60 });
    expect(hourly(89)).toBeUndefined();
    expect(hourly(91)!.reason).toContain('91 minutes ago, allowed 30 minutes besides the 60 of the next');
  });

  it.each([
    [{ sbcs: 1, mediaHosts: 4 }, 'metrics of 1 of its 2 SBCs'],
    [{ sbcs: 2, mediaHosts: 3 }, 'metrics of 3 of its 4 media hosts'],
  ])('half of the metrics are not half of the calls: %j', (signals, reason) => {
    expect(hold(signals)).toMatchObject({ codes: ['missing'], reason });
    expect(hold({ sbcs: 2, mediaHosts: 4 })).toBeUndefined();
  });

  it.each([
    [{ relayedCalls: 500 }, '500 relayed calls measured, its 4 media hosts admit 400'],
    [{ relayedCalls: 200, callsByRecords: 90 }, 'media hosts count 200 calls, the call records 90'],
    [{ relayedCalls: 0, setups: 3 }, '3 set-ups/s and no relayed call'],
    [{ relayedCalls: 120, setups: 0 }, '120 relayed calls and not one set-up'],
    [{ measuredAt: NOW + HOUR }, 'which is after this plan'],
  ])('measurements that contradict each other hold the cell: %j', (signals, text) => {
    expect(hold(signals)).toMatchObject({ codes: ['contradictory'], reason: expect.stringContaining(text) as string });
  });

  it('set-ups beyond both what the SBC lets in and what was sold hold the cell, and are named', () => {
    // The SBC lets in 200 a second; where nobody knows what was sold, ten times that is believed.
    expect(hold({ setups: 1e9 })).toMatchObject({
      codes: ['implausible'],
      reason: '1000000000 set-ups/s measured, at most 2000 can be',
    });
    expect(hold({ setups: 250 })).toBeUndefined();
  });

  it('a step that is not finished holds the cell, and all reasons are named', () => {
    const held = hold({ mos: 2 }, { unfinished: { step: 'a fifth media host', since: NOW - HOUR } });
    expect(held!.codes).toEqual(['quality', 'unfinished']);
    expect(held!.reason).toBe('a fifth media host, begun 2026-03-02 08:00 UTC, is not finished; MOS 2 is below 3.6');
  });

  it('a planned cell measures nothing and is not held for it', () => {
    const planned = { spec: specOf('euw1-b', { state: 'planned' }), history: {}, signals: { measuredAt: undefined } };
    expect(holdOf(planned, NOW, DEFAULT_RULES, facts)).toBeUndefined();
  });
});
