import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatSenderReport, senderReportTime } from '../../../lib/user-agent/audio/rtcp.ts';
import { formatRtp, isRtcp, parseRtp } from '../../../lib/user-agent/audio/rtp.ts';

const packets = fc.record({
  payloadType: fc.integer({ min: 0, max: 63 }), // 64 to 95 would look like RTCP: RFC 5761 section 4
  marker: fc.boolean(),
  sequence: fc.nat(65535),
  timestamp: fc.nat(2 ** 32 - 1),
  ssrc: fc.nat(2 ** 32 - 1),
  payload: fc.uint8Array({ maxLength: 320 }).map((bytes) => Buffer.from(bytes)),
});

describe('an RTP packet', () => {
  test('that was written is read back the same, and is not RTCP', () => {
    fc.assert(
      fc.property(packets, (packet) => {
        expect(parseRtp(formatRtp(packet))).toEqual(packet);
        expect(isRtcp(formatRtp(packet))).toBe(false);
      }),
    );
  });

  test('may have contributing sources, an extension and padding around its payload', () => {
    const header = [0xb1, 0x08, 0, 7, 0, 0, 0, 9, 0, 0, 0, 5];
    const bytes = Buffer.from([...header, 1, 1, 1, 1, 0xbe, 0xde, 0, 1, 2, 2, 2, 2, 42, 43, 0, 0, 3]);
    expect(parseRtp(bytes)).toMatchObject({ sequence: 7, payload: Buffer.from([42, 43]) });
  });

  test('is not seen in random bytes that claim more than they hold', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (random) => {
        const packet = parseRtp(Buffer.from(random));
        expect(packet === undefined || packet.payload.length <= random.length - 12).toBe(true);
      }),
    );
  });
});

describe('a sender report', () => {
  const sender = {
    ssrc: 0x01020304,
    time: Date.UTC(2024, 0, 1) + 500,
    rtpTimestamp: 160,
    packets: 50,
    octets: 8000,
    cname: 'x@10.0.0.1',
  };

  test('carries its time in the NTP form, and a name', () => {
    const bytes = formatSenderReport({ ...sender, report: undefined });
    expect(isRtcp(bytes)).toBe(true);
    expect(bytes.readUInt32BE(8)).toBe(2_208_988_800 + Date.UTC(2024, 0, 1) / 1000);
    expect(bytes.readUInt32BE(12)).toBe(2 ** 31); // half a second
    expect(bytes.readUInt16BE(2)).toBe(6); // 7 words of report
    expect(bytes.length % 4).toBe(0);
    expect(bytes.toString('latin1')).toContain('x@10.0.0.1\0');
    expect(senderReportTime(bytes)).toBe(bytes.readUInt32BE(10));
  });

  test('tells what was received', () => {
    const report = {
      ssrc: 9,
      fractionLost: 0.5,
      lost: 3,
      highestSequence: 65537,
      jitter: 17.9,
      lastReport: 0xabcd,
      sinceLastReport: 1.5,
    };
    const bytes = formatSenderReport({ ...sender, report });
    expect(bytes[0]).toBe(0x81);
    expect(bytes.readUInt16BE(2)).toBe(12);
    expect([28, 36, 40, 44, 48].map((at) => bytes.readUInt32BE(at))).toEqual([9, 65537, 17, 0xabcd, 98304]);
    expect([bytes[32], bytes.readIntBE(33, 3)]).toEqual([128, 3]);
  });

  test('is not seen in another packet', () => {
    expect(senderReportTime(Buffer.from([0x80, 201, 0, 1, 0, 0, 0, 0]))).toBeUndefined();
  });
});
