import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  abroadInNorthAmerica,
  countries,
  highRiskPrefixes,
  numberOfService,
  prefixPattern,
} from '../../lib/fleet/countries.ts';

const all = Object.entries(countries);

describe('countries', () => {
  it('are named and dialled as ISO 3166-1 and E.164 have it, and take 112 everywhere', () => {
    for (const [code, { callingCode, emergency, premium }] of all) {
      expect(code).toMatch(/^[A-Z]{2}$/);
      expect(callingCode).toMatch(/^[1-9]\d{0,2}$/);
      const numbers = emergency.map(([number]) => number);
      expect(numbers).toContain('112');
      expect(new Set(numbers).size).toBe(numbers.length);
      for (const digits of [...numbers, ...premium]) expect(digits).toMatch(/^\d{2,5}$/);
    }
  });

  it('have the numbers that everybody knows', () => {
    const numbers = (code: string) => countries[code]!.emergency.map(([number]) => number);
    expect(numbers('US')[0]).toBe('911');
    expect(numbers('GB')[0]).toBe('999');
    expect(numbers('AU')[0]).toBe('000');
    expect(numbers('DE')).toEqual(['112', '110']);
    expect(numbers('JP').slice(0, 2)).toEqual(['119', '110']);
  });

  it('have a number for every service', () => {
    expect(numberOfService(countries['DE']!, 'sos.police')).toBe('110');
    expect(numberOfService(countries['DE']!, 'sos.fire')).toBe('112');
    expect(numberOfService(countries['FR']!, 'sos.ambulance')).toBe('15');
    expect(numberOfService(countries['JP']!, 'sos')).toBe('112');
    for (const [, country] of all) {
      for (const service of ['sos', 'sos.ambulance', 'sos.fire', 'sos.police'] as const) {
        expect(country.emergency.map(([number]) => number)).toContain(numberOfService(country, service));
      }
    }
  });
});

describe('a pattern of prefixes', () => {
  const prefix = fc.stringMatching(/^\+[1-9]\d{0,5}$/);

  it('matches the numbers that begin with one of them, and no others', () => {
    fc.assert(
      fc.property(
        fc.array(prefix, { minLength: 1, maxLength: 30 }),
        fc.stringMatching(/^\+[1-9]\d{6,14}$/),
        (some, number) => {
          const matches = new RegExp(prefixPattern(some)).test(number);
          expect(matches).toBe(some.some((one) => number.startsWith(one)));
        },
      ),
    );
  });

  it('of high risk finds satellites and premium rate, and no ordinary number', () => {
    const risky = new RegExp(prefixPattern(highRiskPrefixes));
    for (const number of [
      '+881612345678',
      '+870771234567',
      '+8835100123456',
      '+979112345678',
      '+4990012345678',
      '+49090012345678',
      '+19005551234',
    ]) {
      expect(risky.test(number)).toBe(true);
    }
    for (const number of [
      '+4930123456',
      '+442079460123',
      '+12125550123',
      '+33145670700',
      '+390612345678',
      '+35315551234',
    ]) {
      expect(risky.test(number)).toBe(false);
    }
  });

  it('of high risk names no prefix that is within another', () => {
    for (const one of highRiskPrefixes) {
      expect(highRiskPrefixes.filter((other) => other !== one && one.startsWith(other))).toEqual([]);
    }
  });

  it('of North America abroad has neither the United States nor Canada', () => {
    const abroad = new RegExp(prefixPattern(abroadInNorthAmerica));
    expect(abroad.test('+18765550123')).toBe(true);
    for (const number of ['+12125550123', '+14165550123', '+17875550123']) expect(abroad.test(number)).toBe(false);
  });
});
