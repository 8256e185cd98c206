import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DECODED, encode } from '../../../lib/user-agent/audio/g711.ts';
import type { CodecName } from '../../../lib/user-agent/sip/sdp.ts';
import { BLOCK, ToneDetector, encodedTone, toneOf } from '../../../lib/user-agent/audio/tone.ts';

const codecs = fc.constantFrom<CodecName[]>('PCMU', 'PCMA');
const tones = fc
  .tuple(fc.nat(31), fc.constantFrom('caller' as const, 'callee' as const))
  .map(([index, side]) => toneOf(index, side));

describe('G.711', () => {
  test('decodes its known codes', () => {
    // ITU-T G.191: the largest values of both laws, and those nearest to zero, at 16 bits.
    expect([0x80, 0x00, 0xff, 0x7f].map((code) => DECODED.PCMU[code])).toEqual([32124, -32124, 0, 0]);
    expect([0xaa, 0x2a, 0xd5, 0x55].map((code) => DECODED.PCMA[code])).toEqual([32256, -32256, 8, -8]);
  });

  test('encodes within the step of the segment', () => {
    fc.assert(
      fc.property(codecs, fc.integer({ min: -32000, max: 32000 }), (codec, sample) => {
        const decoded = DECODED[codec][encode(codec, sample)] ?? NaN;
        // Half a step is 1/32 of the segment's upper end.
        expect(Math.abs(decoded - sample)).toBeLessThanOrEqual(Math.max(16, Math.abs(sample) / 16));
      }),
    );
  });
});

describe('a tone', () => {
  test('is heard in either codec, and no other is', () => {
    fc.assert(
      fc.property(codecs, tones, tones, (codec, sent, expected) => {
        const detector = new ToneDetector(expected);
        detector.push(encodedTone(sent, codec), codec);
        expect(detector.heard).toEqual({
          blocks: 1,
          matching: sent === expected ? 1 : 0,
          others: sent === expected ? [] : [sent],
        });
      }),
    );
  });

  test('goes on without a click when its block is repeated', () => {
    const detector = new ToneDetector(440);
    const packets = Buffer.concat([encodedTone(440, 'PCMA'), encodedTone(440, 'PCMA')]).subarray(160, 160 + BLOCK);
    detector.push(packets, 'PCMA');
    expect(detector.heard.matching).toBe(1);
  });

  test('is told from silence and from noise', () => {
    const detector = new ToneDetector(440);
    detector.push(Buffer.alloc(BLOCK, 0xd5), 'PCMA');
    let state = 1;
    const noise = Buffer.from(Array.from({ length: BLOCK }, () => (state = (state * 48271) % 2147483647) & 0xff));
    detector.push(noise, 'PCMA');
    expect(detector.heard).toEqual({ blocks: 2, matching: 0, others: [] });
  });

  test('is not judged across a gap', () => {
    const detector = new ToneDetector(440);
    detector.push(encodedTone(440, 'PCMU').subarray(0, BLOCK / 2), 'PCMU');
    detector.skip();
    detector.push(encodedTone(440, 'PCMU').subarray(0, BLOCK - 1), 'PCMU');
    expect(detector.heard.blocks).toBe(0);
  });
});
