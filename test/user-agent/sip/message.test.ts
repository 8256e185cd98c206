import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SipSyntaxError } from '../../../lib/user-agent/sip/grammar.ts';
import { SipHeaders, formatMessage, parseMessage, readEssentials } from '../../../lib/user-agent/sip/message.ts';
import { bytes, messages } from '../messages.ts';

const INVITE = `INVITE sip:bob@b.example SIP/2.0
Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK1
From: <sip:alice@a.example>;tag=1
To: <sip:bob@b.example>
Call-ID: 1@a
CSeq: 1 INVITE

`;

describe('a message', () => {
  test('that was written is read back the same', () => {
    fc.assert(
      fc.property(messages, (message) => {
        const read = parseMessage(formatMessage(message));
        expect({ ...read, headers: [...read.headers] }).toEqual({ ...message, headers: [...message.headers] });
      }),
    );
  });

  test('may fold its lines, use compact names and put several values on one line', () => {
    const message = parseMessage(
      bytes(`\n\nINVITE sip:bob@b.example SIP/2.0
v: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1,
  SIP/2.0/TCP 10.0.0.2
 ;branch=z9hG4bK2
f: "A, B" <sip:a@a.example;x=1,2>;tag=1
t :   <sip:bob@b.example>
I: 1@a
CSEQ: 1   INVITE
record-route: <sip:10.0.0.9;lr>, <sip:10.0.0.8;lr>
l: 3

abcdef`),
    );
    expect(message.headers.all('Via')).toEqual([
      'SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1',
      'SIP/2.0/TCP 10.0.0.2 ;branch=z9hG4bK2',
    ]);
    expect(message.headers.get('from')).toBe('"A, B" <sip:a@a.example;x=1,2>;tag=1');
    expect(message.headers.get('Call-ID')).toBe('1@a');
    expect(message.headers.all('Record-Route')).toEqual(['<sip:10.0.0.9;lr>', '<sip:10.0.0.8;lr>']);
    expect(message.body).toBe('abc');
  });

  test('keeps the commas of credentials', () => {
    const challenge = 'Digest realm="a", nonce="b", qop="auth,auth-int"';
    const message = parseMessage(bytes(INVITE.replace('CSeq', `WWW-Authenticate: ${challenge}\nCSeq`)));
    expect(message.headers.all('WWW-Authenticate')).toEqual([challenge]);
  });

  test('counts its length in bytes, not in characters', () => {
    const text = formatMessage({ kind: 'response', status: 200, reason: 'OK', headers: new SipHeaders(), body: '€' });
    expect(text.toString()).toContain('Content-Length: 3\r\n');
  });

  test.each([
    ['no empty line', 'OPTIONS sip:a SIP/2.0\nCSeq: 1 OPTIONS'],
    ['another protocol', INVITE.replace('SIP/2.0\n', 'HTTP/1.1\n')],
    ['a status line of four digits', INVITE.replace(/^.*\n/, 'SIP/2.0 2000 OK\n')],
    ['a method with a bracket', INVITE.replace('INVITE sip', 'IN<VITE sip')],
    ['a header without a colon', INVITE.replace('Call-ID: 1@a', 'Call-ID 1@a')],
    ['a header name with a blank', INVITE.replace('Call-ID:', 'Call ID:')],
    ['a body shorter than Content-Length', INVITE.replace('CSeq', 'Content-Length: 9999\nCSeq')],
    ['a negative Content-Length', INVITE.replace('CSeq', 'Content-Length: -999\nCSeq')],
    ['two different Content-Lengths', INVITE.replace('CSeq', 'Content-Length: 0\nl: 1\nCSeq')],
    ['a quoted string that is not closed', INVITE.replace('CSeq', 'Contact: "Joe <sip:joe@a.example>\nCSeq')],
    ['an empty value in a list', INVITE.replace('CSeq', 'Route: <sip:a;lr>,,<sip:b;lr>\nCSeq')],
    ['nothing but line ends', '\n\n\n\n'],
  ])('with %s is refused', (_, text) => {
    expect(() => parseMessage(bytes(text))).toThrow(SipSyntaxError);
  });

  test.each([
    ['no Via', INVITE.replace(/Via.*\n/, '')],
    ['a Via that is none', INVITE.replace('SIP/2.0/UDP 10.0.0.1:5060', 'SIP/7.0/UDP')],
    ['no Call-ID', INVITE.replace(/Call-ID.*\n/, '')],
    ['a CSeq of another method', INVITE.replace('1 INVITE', '1 BYE')],
    ['a CSeq beyond 31 bits', INVITE.replace('1 INVITE', '36893488147419103232 INVITE')],
    ['a From without an address', INVITE.replace('<sip:alice@a.example>', '<>')],
    ['a To whose bracket is not closed', INVITE.replace('<sip:bob@b.example>\n', '<sip:bob@b.example\n')],
  ])('with %s belongs to no transaction', (_, text) => {
    expect(() => readEssentials(parseMessage(bytes(text)))).toThrow(SipSyntaxError);
  });

  test('that was damaged is read or refused, and nothing else happens', () => {
    const original = bytes(INVITE);
    const damage = fc.record({
      at: fc.nat(original.length),
      remove: fc.nat(10),
      insert: fc.uint8Array({ maxLength: 10 }),
    });
    fc.assert(
      fc.property(fc.array(damage, { minLength: 1, maxLength: 4 }), (damages) => {
        let damaged = original;
        for (const { at, remove, insert } of damages) {
          damaged = Buffer.concat([damaged.subarray(0, at), insert, damaged.subarray(at + remove)]);
        }
        try {
          readEssentials(parseMessage(damaged));
        } catch (error) {
          expect(error).toBeInstanceOf(SipSyntaxError);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('of random bytes is refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (random) => {
        expect(() => parseMessage(Buffer.from(random))).toThrow(SipSyntaxError);
      }),
    );
  });
});

describe('headers', () => {
  test('are replaced where they stand and removed by any spelling of their name', () => {
    const headers = new SipHeaders([
      ['Via', '1'],
      ['Call-ID', 'x'],
      ['via', '2'],
    ]);
    headers.set('VIA', '3').addFirst('Via', '0').remove('call-id');
    expect([...headers]).toEqual([
      ['Via', '0'],
      ['VIA', '3'],
      ['via', '2'],
    ]);
  });
});
