/** When no cell is begun, by the clock on the wall. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { timeZone } from '../../lib/planner/forecast/time-zone.ts';
import { WEEKDAYS } from '../../lib/planner-files/rollout-schema.ts';
import { isWholeWeek, windowAt } from '../../lib/planner-files/rollout-windows.ts';

const berlin = timeZone('Europe/Berlin');
const at = (text: string) => Date.parse(text);
const work = { name: 'office hours', days: [...WEEKDAYS].slice(0, 5), from: '08:00', until: '18:00' };
const night = { name: 'billing run', days: ['sun' as const], from: '22:00', until: '06:00' };
const none = { freezes: [], blackouts: [] };

describe('a freeze', () => {
  const freezes = [{ name: 'end of year', from: '2026-12-18', until: '2027-01-03' }];
  const of = (text: string) => windowAt({ ...none, freezes }, berlin, at(text));

  it('lasts from the first minute of its first day to the last of its last, where the fleet lives', () => {
    expect(of('2026-12-17T22:59:59Z')).toBeUndefined();
    expect(of('2026-12-17T23:00:00Z')).toEqual({
      ...{ kind: 'freeze', called: 'the freeze end of year', until: at('2027-01-03T23:00:00Z') },
    });
    expect(of('2027-01-03T22:59:59Z')?.kind).toBe('freeze');
    expect(of('2027-01-03T23:00:00Z')).toBeUndefined();
  });
});

describe('freezes that meet', () => {
  it('end together, whichever is the first in the file', () => {
    const freezes = [
      { name: 'new year', from: '2027-01-01', until: '2027-01-03' },
      { name: 'end of year', from: '2026-12-18', until: '2026-12-31' },
    ];
    expect(windowAt({ ...none, freezes }, berlin, at('2026-12-20T12:00:00Z'))).toEqual({
      ...{ kind: 'freeze', called: 'the freeze end of year', until: at('2027-01-03T23:00:00Z') },
    });
  });
});

it('any freeze holds on its days by the clock on the wall, in zones whose clocks are set at midnight, too', () => {
  const zones = [
    'America/Santiago',
    'Africa/Cairo',
    'Asia/Beirut',
    'America/Havana',
    'Pacific/Chatham',
    'Asia/Kathmandu',
  ];
  fc.assert(
    fc.property(fc.constantFrom(...zones), fc.nat(365), fc.nat(20), instant, (name, first, days, at) => {
      const date = (of: number) => new Date(Date.UTC(2026, 0, 1 + of)).toISOString().slice(0, 10);
      const freezes = [{ name: 'x', from: date(first), until: date(first + days) }];
      const local = (of: number) => new Intl.DateTimeFormat('en-CA', { timeZone: name }).format(of);
      const isHeld = (of: number) => date(first) <= local(of) && local(of) <= date(first + days);
      const window = windowAt({ ...none, freezes }, timeZone(name), at);
      expect(window !== undefined).toBe(isHeld(at));
      if (window !== undefined) expect([isHeld(window.until - 1), isHeld(window.until)]).toEqual([true, false]);
    }),
  );
});

describe('a black-out', () => {
  const of = (text: string) => windowAt({ ...none, blackouts: [work, night] }, berlin, at(text));

  it('is by the clock on the wall, in summer and in winter', () => {
    // A Wednesday in each.
    expect(of('2026-01-14T06:59:59Z')).toBeUndefined();
    expect(of('2026-01-14T07:00:00Z')).toMatchObject({ called: 'the black-out office hours' });
    expect(of('2026-07-15T06:00:00Z')?.until).toBe(at('2026-07-15T16:00:00Z'));
    expect(of('2026-07-15T16:00:00Z')).toBeUndefined();
  });

  it('that ends by the clock before it begins lasts into the next day', () => {
    expect(of('2026-01-18T21:00:00Z')).toMatchObject({
      called: 'the black-out billing run',
      until: at('2026-01-19T05:00:00Z'),
    });
    expect(of('2026-01-19T04:59:59Z')?.kind).toBe('blackout');
    expect(of('2026-01-18T04:00:00Z')).toBeUndefined();
  });

  it('is as long as the night is in which clocks are set', () => {
    // On 2026-03-29 the clock goes from 02:00 to 03:00, on 2026-10-25 from 03:00 to 02:00.
    const small = { ...night, days: ['sat' as const] };
    const until = (text: string) => windowAt({ ...none, blackouts: [small] }, berlin, at(text))!.until - at(text);
    expect(until('2026-03-28T21:00:00Z')).toBe(7 * 3_600_000);
    expect(until('2026-10-24T20:00:00Z')).toBe(9 * 3_600_000);
  });
});

const day = fc.constantFrom(...WEEKDAYS);
const time = fc
  .nat(24 * 60 - 1)
  .map((of) => `${String(Math.floor(of / 60)).padStart(2, '0')}:${String(of % 60).padStart(2, '0')}`);
const blackout = fc.record({
  name: fc.constant('x'),
  days: fc.uniqueArray(day, { minLength: 1 }),
  from: time,
  until: time,
});
const zone = fc
  .constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe')
  .map(timeZone);
const instant = fc.integer({ min: at('2026-01-01T00:00:00Z'), max: at('2027-12-31T00:00:00Z') });

/** By the runtime's own clock of the zone. */
function isIn(
  { days, from, until }: typeof work | { days: readonly string[]; from: string; until: string },
  zone: string,
  at: number,
): boolean {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(at);
  const part = (type: string) => parts.find((one) => one.type === type)!.value;
  const [today, clock] = [part('weekday').toLowerCase(), `${part('hour')}:${part('minute')}`];
  const yesterday = WEEKDAYS[(WEEKDAYS.indexOf(today as 'mon') + 6) % 7]!;
  const has = (name: string) => (days as readonly string[]).includes(name);
  if (from < until) return has(today) && from <= clock && clock < until;
  return (has(today) && from <= clock) || (has(yesterday) && clock < until);
}

it('any black-out holds when the clock on the wall says so, and ends at the first moment outside of it', () => {
  fc.assert(
    fc.property(fc.array(blackout, { minLength: 1, maxLength: 3 }), zone, instant, (blackouts, zone, at) => {
      const window = windowAt({ ...none, blackouts }, zone, at);
      const isHeld = (when: number) => blackouts.some((one) => isIn(one, zone.name, when));
      expect(window !== undefined).toBe(isHeld(at));
      if (window === undefined || isWholeWeek(blackouts)) return;
      expect(window.until).toBeGreaterThan(at);
      expect(isHeld(window.until)).toBe(false);
      expect(isHeld(window.until - 1)).toBe(true);
    }),
  );
});

it('black-outs that leave no time are known', () => {
  const all = { name: 'x', days: [...WEEKDAYS], from: '08:00', until: '08:00' };
  expect(isWholeWeek([all])).toBe(true);
  expect(isWholeWeek([{ ...all, until: '07:59' }])).toBe(false);
  expect(isWholeWeek([])).toBe(false);
});
