import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SipSyntaxError } from '../../../lib/user-agent/sip/grammar.ts';
import {
  formatNameAddr,
  formatVia,
  parseCSeq,
  parseDeltaSeconds,
  parseNameAddr,
  parseVia,
  tagOf,
} from '../../../lib/user-agent/sip/headers.ts';
import { formatUri, parseUri } from '../../../lib/user-agent/sip/uri.ts';
import { tokens } from '../messages.ts';

const hosts = fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain());
const ports = fc.option(fc.integer({ min: 1, max: 65535 }), { nil: undefined });
const parameters = fc
  .dictionary(
    tokens.map((name) => name.toLowerCase()),
    fc.option(tokens),
    { maxKeys: 4, noNullPrototype: true },
  )
  .map((entries) => new Map(Object.entries(entries)));

describe('a sip URI', () => {
  const uris = fc.record({
    scheme: fc.constantFrom('sip' as const, 'sips' as const),
    user: fc.option(fc.stringMatching(/^[A-Za-z0-9+._~!$&;:=%-]{1,20}$/), { nil: undefined }),
    host: hosts,
    port: ports,
    parameters,
    headers: fc.option(fc.stringMatching(/^[a-z]{1,5}=[a-z0-9%]{1,5}$/), { nil: undefined }),
  });

  test('that was written is read back the same', () => {
    fc.assert(
      fc.property(uris, (uri) => {
        expect(parseUri(formatUri(uri))).toEqual(uri);
      }),
    );
  });

  test('keeps parameters within its user part', () => {
    const uri = parseUri('sip:+1-555;phone-context=x@gw.example:5070;user=phone;lr');
    expect(uri.user).toBe('+1-555;phone-context=x');
    expect([...uri.parameters]).toEqual([
      ['user', 'phone'],
      ['lr', null],
    ]);
  });

  test.each([
    '',
    'sip:',
    'tel:+4930',
    'sip:a@b:0',
    'sip:a@b:65536',
    'sip:a@b c',
    'sip:<a>@b',
    'sip:a@[::1',
    'sip:a@b;=x',
  ])('is not "%s"', (text) => {
    expect(() => parseUri(text)).toThrow(SipSyntaxError);
  });
});

describe('a name-addr', () => {
  test('that was written is read back the same', () => {
    const displays = fc.option(fc.string({ minLength: 1 }), { nil: undefined }).filter((text) => text?.trim() === text);
    const uris = fc.stringMatching(/^sip:[a-z0-9]{1,8}@[a-z0-9.]{1,8}(;[a-z]{1,4}){0,2}$/);
    fc.assert(
      fc.property(fc.record({ display: displays, uri: uris, parameters }), (address) => {
        expect(parseNameAddr(formatNameAddr(address))).toEqual(address);
      }),
    );
  });

  test('without brackets leaves the parameters to the header', () => {
    const address = parseNameAddr('sip:a@b.example;tag=7');
    expect(address.uri).toBe('sip:a@b.example');
    expect(tagOf('sip:a@b.example;tag=7')).toBe('7');
  });

  test('may have brackets and escapes within its quoted name', () => {
    const address = parseNameAddr(String.raw`"J \"<x>\" \\" <sip:j@b.example>;tag=1`);
    expect(address.display).toBe(String.raw`J "<x>" ${'\\'}`);
    expect(address.uri).toBe('sip:j@b.example');
  });
});

describe('a Via', () => {
  test('that was written is read back the same', () => {
    const vias = fc.record({ protocol: fc.constantFrom('UDP', 'TCP', 'TLS'), host: hosts, port: ports, parameters });
    fc.assert(
      fc.property(vias, (via) => {
        expect(parseVia(formatVia(via))).toEqual(via);
      }),
    );
  });

  test('may have blanks around its slashes and colon', () => {
    expect(parseVia('SIP / 2.0 / udp  first.example : 4000 ;ttl=16')).toMatchObject({
      protocol: 'UDP',
      host: 'first.example',
      port: 4000,
    });
  });
});

test('a CSeq is a number below 2^31 and a method', () => {
  expect(parseCSeq('2147483647 INVITE')).toEqual({ sequence: 2147483647, method: 'INVITE' });
  for (const text of ['2147483648 INVITE', '-1 INVITE', 'INVITE', '1', '1 IN VITE', '1 IN@VITE']) {
    expect(() => parseCSeq(text)).toThrow(SipSyntaxError);
  }
});

test('seconds are read without the comment behind them', () => {
  expect(parseDeltaSeconds('18000;duration=3600')).toBe(18000);
  expect(parseDeltaSeconds('120 (in a meeting)')).toBe(120);
  expect(parseDeltaSeconds('soon')).toBeUndefined();
  expect(parseDeltaSeconds(undefined)).toBeUndefined();
});
