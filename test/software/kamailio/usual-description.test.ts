/** The pattern by which an SBC knows, in one match, that a description is harmless and allows no silence suppression. */
import { describe, expect, it } from 'vitest';
import { deriveCell } from '../../../lib/fleet/derive/cell.ts';
import { parseCell } from '../../../lib/fleet/schema/cell.ts';
import { kamailioConfig } from '../../../lib/software/kamailio/sbc/config.ts';

const cell = deriveCell(parseCell({ name: 'euw1-a', region: 'eu-west-1', aws: {}, size: 'test' }));
const config = kamailioConfig(cell, cell.sbcs[0]);

/** A pattern of the configuration. Kamailio matches without regard to case. */
function pattern(name: string): RegExp {
  const [, text] = new RegExp(`^#!define ${name} "(.*)"$`, 'm').exec(config)!;
  return new RegExp(text!, 'i');
}
const usual = pattern('USUAL_DESCRIPTION');
const publicOnly = pattern('PUBLIC_DESCRIPTION');

interface Parts {
  readonly address?: string;
  readonly payloads?: string;
  readonly attributes?: readonly string[];
  readonly more?: readonly string[];
}

/** As DESCRIPTION looks at it: with one more line feed. */
function described({ address = '198.51.100.7', payloads = '8 0 101', attributes = [], more = [] }: Parts = {}): string {
  const lines = [
    'v=0',
    `o=- 1 1 IN IP4 ${address}`,
    's=-',
    `c=IN IP4 ${address}`,
    't=0 0',
    `m=audio 6000 RTP/AVP ${payloads}`,
    ...['a=rtpmap:8 PCMA/8000', 'a=rtpmap:101 telephone-event/8000', 'a=fmtp:101 0-16', 'a=ptime:20', 'a=sendrecv'],
    ...attributes,
    ...more,
  ];
  return `${lines.join('\r\n')}\r\n\n`;
}

it('a call by PCMA or PCMU with key presses is usual, on hold too', () => {
  for (const body of [described(), described({ address: '0.0.0.0' }), described({ payloads: '9 0' })]) {
    expect([usual.test(body), publicOnly.test(body)]).toEqual([true, true]);
  }
});

describe('a description that allows silence suppression is not usual, but passes', () => {
  it.each<[string, Parts]>([
    ['G.723', { payloads: '8 4' }],
    ['comfort noise', { payloads: '13 8 0' }],
    ['G.729', { payloads: '18' }],
    ['comfort noise by name', { payloads: '8 97', attributes: ['a=rtpmap:97 CN/16000'] }],
    [
      'G.729 by name, with annexb=no too',
      { payloads: '97', attributes: ['a=rtpmap:97 G729/8000', 'a=fmtp:97 annexb=no'] },
    ],
    ['Opus', { payloads: '111', attributes: ['a=rtpmap:111 opus/48000/2', 'a=fmtp:111 usedtx=1'] }],
    ['silenceSupp', { attributes: ['a=silenceSupp:on - - - -'] }],
    ['a second stream', { more: ['m=audio 6002 RTP/AVP 13'] }],
  ])('%s', (_, parts) => {
    expect([usual.test(described(parts)), publicOnly.test(described(parts))]).toEqual([false, true]);
  });
});

describe('a description that must be looked at is not usual', () => {
  it.each<[string, string]>([
    ['a private address', described({ address: '192.168.1.7' })],
    ['an address of the cell', described({ address: cell.media[0]!.address })],
    ['loopback', described({ address: '127.0.0.1' })],
    ['an address of its own for RTCP', described({ attributes: ['a=rtcp:6001 IN IP4 10.16.0.33'] })],
    ['a candidate', described({ attributes: ['a=candidate:1 1 UDP 1 10.16.0.33 2223 typ host'] })],
    ['an address with a leading zero', described({ address: '198.051.100.7' })],
    ['what comes after the description', `${described()}--x\r\n`],
    ['two descriptions', described({ more: ['v=0'] })],
  ])('%s', (_, body) => {
    expect(usual.test(body)).toBe(false);
  });
});
