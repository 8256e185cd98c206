import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SipSyntaxError } from '../../../lib/user-agent/sip/grammar.ts';
import { formatMessage } from '../../../lib/user-agent/sip/message.ts';
import { StreamFramer } from '../../../lib/user-agent/sip/stream-framer.ts';
import { messages } from '../messages.ts';

describe('a stream', () => {
  test('gives the same messages and pings, however it is cut into pieces', () => {
    const items = fc.array(fc.oneof(messages.map(formatMessage), fc.constant('ping' as const)), { maxLength: 6 });
    fc.assert(
      fc.property(items, fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1 }), (sent, sizes) => {
        const stream = Buffer.concat(sent.map((item) => (item === 'ping' ? Buffer.from('\r\n\r\n') : item)));
        const framer = new StreamFramer();
        const received: (Buffer | 'ping')[] = [];
        for (let at = 0, piece = 0; at < stream.length; piece++) {
          const size = sizes[piece % sizes.length] ?? 1;
          received.push(...framer.push(stream.subarray(at, at + size)));
          at += size;
        }
        expect(received.map(String)).toEqual(sent.map(String));
      }),
    );
  });

  test('may have a single line end between messages', () => {
    const message = formatMessage({
      kind: 'response',
      status: 200,
      reason: 'OK',
      headers: new Map() as never,
      body: '',
    });
    expect(new StreamFramer().push(Buffer.concat([Buffer.from('\r\n'), message]))).toEqual([message]);
  });

  test.each([
    ['no Content-Length', 'OPTIONS sip:a SIP/2.0\r\n\r\n'],
    ['a Content-Length that is no number', 'OPTIONS sip:a SIP/2.0\r\nContent-Length: x\r\n\r\n'],
    ['two that differ', 'OPTIONS sip:a SIP/2.0\r\nContent-Length: 1\r\nl: 2\r\n\r\n'],
    ['a body of a megabyte', 'OPTIONS sip:a SIP/2.0\r\nContent-Length: 1000000\r\n\r\n'],
    ['no end of its headers', `OPTIONS sip:a SIP/2.0\r\nX: ${'x'.repeat(70_000)}`],
  ])('with %s can not be read on', (_, text) => {
    expect(() => new StreamFramer().push(Buffer.from(text))).toThrow(SipSyntaxError);
  });
});
