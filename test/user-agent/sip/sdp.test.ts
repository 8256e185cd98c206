import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AudioMedia, SdpError, audioOf, formatSdp, parseSdp } from '../../../lib/user-agent/sip/sdp.ts';

const lines = (...text: string[]) => `${text.join('\r\n')}\r\n`;
const session = ['v=0', 'o=- 1 2 IN IP4 10.0.0.1', 's=-', 'c=IN IP4 10.0.0.1', 't=0 0'];

describe('a session description', () => {
  test('that was written is read back the same', () => {
    const media = fc.record({
      kind: fc.constant('audio' as const),
      address: fc.oneof(fc.ipV4(), fc.ipV6()),
      port: fc.integer({ min: 0, max: 65534 }),
      formats: fc.constantFrom(
        [{ type: 0, encoding: 'PCMU/8000', parameters: undefined }],
        [
          { type: 8, encoding: 'PCMA/8000', parameters: undefined },
          { type: 101, encoding: 'telephone-event/8000', parameters: '0-16' },
        ],
      ),
      direction: fc.constantFrom('sendrecv' as const, 'sendonly' as const, 'recvonly' as const, 'inactive' as const),
      ptime: fc.integer({ min: 10, max: 60 }),
      rtcpMux: fc.boolean(),
    });
    fc.assert(
      fc.property(media, fc.nat(), fc.boolean(), (audio, version, ownPort) => {
        const rtcpPort = audio.rtcpMux || ownPort ? audio.port + 1 : 7;
        const description = { sessionId: '1', version, origin: '10.0.0.1', media: [{ ...audio, rtcpPort }] };
        expect(parseSdp(formatSdp(description))).toEqual(description);
      }),
    );
  });

  test('gives static payload types their encoding and takes address and direction from the session', () => {
    const audio = audioOf(parseSdp(lines(...session, 'a=sendonly', 'm=audio 4000 RTP/AVP 0 8 18')));
    expect(audio).toMatchObject({ address: '10.0.0.1', port: 4000, direction: 'sendonly', rtcpPort: 4001, ptime: 20 });
    expect(audio.formats.map((format) => format.encoding)).toEqual(['PCMU/8000', 'PCMA/8000', '']);
  });

  test('lets the media line speak before the session', () => {
    const text = lines(
      ...session,
      'a=inactive',
      'm=audio 4000 RTP/AVP 0',
      'c=IN IP4 10.0.0.7',
      'a=recvonly',
      'a=rtcp:53020',
    );
    expect(audioOf(parseSdp(text))).toMatchObject({ address: '10.0.0.7', direction: 'recvonly', rtcpPort: 53020 });
  });

  test('keeps other media apart', () => {
    const { media } = parseSdp(
      lines(...session, 'm=video 4002 RTP/AVP 96', 'm=audio 4000 RTP/SAVP 0', 'm=audio 4004 RTP/AVP 8'),
    );
    expect(media.map((each) => (each.kind === 'other' ? each.refusal : each.port))).toEqual([
      'video 0 RTP/AVP 96',
      'audio 0 RTP/SAVP 0',
      4004,
    ]);
  });

  test.each([
    ['nothing in it', ''],
    ['no o= line', lines('v=0', 'm=audio 4000 RTP/AVP 0')],
    ['a media line without formats', lines(...session, 'm=audio 4000 RTP/AVP')],
    ['a port beyond 65535', lines(...session, 'm=audio 70000 RTP/AVP 0')],
    ['a payload type beyond 127', lines(...session, 'm=audio 4000 RTP/AVP 128')],
    ['no address', lines('v=0', 'o=- 1 1 IN IP4 10.0.0.1', 'm=audio 4000 RTP/AVP 0')],
    ['a name for an address', lines('v=0', 'o=- 1 1 IN IP4 10.0.0.1', 'c=IN IP4 media.example', 'm=audio 1 RTP/AVP 0')],
    ['no audio', lines(...session, 'm=video 4002 RTP/AVP 96')],
  ])('with %s is refused', (_, text) => {
    expect(() => audioOf(parseSdp(text))).toThrow(SdpError);
  });

  test('of random text is refused or read, and nothing else happens', () => {
    const line = fc.oneof(fc.constantFrom(...session, 'm=audio 4000 RTP/AVP 0', 'a=rtpmap:0'), fc.string());
    fc.assert(
      fc.property(fc.array(line), (text) => {
        try {
          parseSdp(lines(...text)).media satisfies readonly (AudioMedia | { kind: 'other' })[];
        } catch (error) {
          expect(error).toBeInstanceOf(SdpError);
        }
      }),
    );
  });
});
