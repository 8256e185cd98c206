import { describe, expect, it } from 'vitest';
import { replayTraffic, type MeasuredTenant } from '../../../lib/planner/simulation/replay.ts';
import { parseScenario } from '../../../lib/planner/simulation/scenario-schema.ts';

const scenario = parseScenario({ name: 'replay', days: 3, tenants: 0, outages: [{ fromHour: 2, hours: 1 }] });
const hourly = (days: number, value: (hour: number) => number) =>
  Float32Array.from({ length: days * 24 }, (_, hour) => value(hour));
const replay = (use: MeasuredTenant, days = 10) =>
  replayTraffic(
    { start: Date.UTC(2026, 1, 2), stepMinutes: 60, steps: days * 24, tenants: new Map([['acme', use]]) },
    scenario,
  );

describe('replayTraffic', () => {
  it('takes the last days for the simulation and all before for history, with what breaks in the scenario', () => {
    const { historySteps, steps, outages } = replay({ relayedCalls: hourly(10, () => 4) });
    expect([historySteps, steps]).toEqual([7 * 24, 10 * 24]);
    expect(outages).toEqual([{ from: 7 * 24 + 2, to: 7 * 24 + 3 }]);
  });

  it('fills a gap with the same hour of the nearest week that knows it, never with zero', () => {
    const calls = hourly(10, (hour) => (hour >= 8 * 24 && hour < 8 * 24 + 5 ? NaN : 100 + (hour % 24)));
    const [tenant] = replay({ relayedCalls: calls }).tenants;
    expect([...tenant!.calls.subarray(8 * 24, 8 * 24 + 6)]).toEqual([100, 101, 102, 103, 104, 105]);
  });

  it('a tenant arrives with its first known hour, and calls nobody before', () => {
    const [tenant] = replay({ relayedCalls: hourly(10, (hour) => (hour < 8 * 24 ? NaN : 7)) }).tenants;
    expect(tenant!.arrives).toBe(8 * 24);
    expect(tenant!.calls[8 * 24 - 1]).toBe(0);
    expect(replay({ relayedCalls: hourly(10, (hour) => (hour < 24 ? NaN : 7)) }).tenants[0]!.arrives).toBe(0);
  });

  it('measures what comes with a call, and assumes it where it was not measured', () => {
    const [tenant] = replay({ relayedCalls: hourly(10, () => 90), setups: hourly(10, () => 1) }).tenants;
    expect(tenant!.perCall.setups).toBeCloseTo(1 / 90, 6);
    expect(tenant!.perCall.recordEvents).toBeCloseTo(2 / 90, 6);
    const bySetups = replay({ setups: hourly(10, () => 1) }).tenants[0]!;
    expect(bySetups.calls[0]).toBe(180);
  });

  it('refuses a tenant without calls, and days that leave no history', () => {
    expect(() => replay({ registrations: hourly(10, () => 5) })).toThrow(
      'tenant acme has neither relayedCalls nor setups',
    );
    expect(() => replay({ relayedCalls: hourly(10, () => NaN) })).toThrow(
      'nothing is known of the calls of tenant acme',
    );
    expect(() => replay({ relayedCalls: hourly(3, () => 1) }, 3)).toThrow('3 days are to be replayed of 3');
  });
});
