import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type LocalAudio,
  agreeDirection,
  checkAnswer,
  chooseCodec,
  makeAnswer,
  makeOffer,
  receives,
  sends,
} from '../../../lib/user-agent/sip/offer-answer.ts';
import { type CodecName, type Direction, SdpError, audioOf, parseSdp } from '../../../lib/user-agent/sip/sdp.ts';

const local: LocalAudio = {
  sessionId: '1',
  version: 1,
  address: '10.0.0.1',
  port: 4000,
  codecs: ['PCMA', 'PCMU'],
  direction: 'sendrecv',
  rtcpMux: true,
};
const offerOf = (...media: string[]) =>
  parseSdp(['v=0', 'o=- 1 1 IN IP4 10.0.0.2', 's=-', 'c=IN IP4 10.0.0.2', 't=0 0', ...media].join('\r\n'));

const directions = fc.constantFrom<Direction[]>('sendrecv', 'sendonly', 'recvonly', 'inactive');
const codecs = fc.constantFrom<CodecName[][]>(['PCMA'], ['PCMU'], ['PCMA', 'PCMU'], ['PCMU', 'PCMA']);
const sides = fc
  .record({ direction: directions, codecs, rtcpMux: fc.boolean() })
  .map((side) => ({ ...local, ...side }));

describe('an answer', () => {
  test('of ours never breaks a rule, and exists whenever there is a common codec', () => {
    fc.assert(
      fc.property(sides, sides, (caller, callee) => {
        const offer = makeOffer(caller);
        const common = caller.codecs.some((codec) => callee.codecs.includes(codec));
        if (!common) expect(() => makeAnswer(offer, callee)).toThrow(SdpError);
        else expect(checkAnswer(offer, makeAnswer(offer, callee))).toEqual([]);
      }),
    );
  });

  test('uses the payload type numbers of the offer', () => {
    const offer = offerOf('m=audio 4000 RTP/AVP 96 97 98', 'a=rtpmap:96 opus/48000/2', 'a=rtpmap:97 PCMA/8000');
    expect(audioOf(makeAnswer(offer, local)).formats.map(({ type }) => type)).toEqual([97]);
  });

  test('takes telephone events only if they are offered', () => {
    const without = offerOf('m=audio 4000 RTP/AVP 0');
    const as96 = offerOf('m=audio 4000 RTP/AVP 0 96', 'a=rtpmap:96 telephone-event/8000');
    expect(audioOf(makeAnswer(without, local)).formats.map(({ type }) => type)).toEqual([0]);
    expect(audioOf(makeAnswer(as96, local)).formats.map(({ type }) => type)).toEqual([0, 96]);
  });

  test('names a format that it never sends only if that is offered', () => {
    const quiet = { ...local, idleFormats: [{ type: 13, encoding: 'CN/8000' }] };
    const types = (...media: string[]) => audioOf(makeAnswer(offerOf(...media), quiet)).formats.map(({ type }) => type);
    expect(types('m=audio 4000 RTP/AVP 0 13')).toEqual([0, 13]);
    expect(types('m=audio 4000 RTP/AVP 0 13', 'a=rtpmap:13 CN/8000')).toEqual([0, 13]);
    expect(types('m=audio 4000 RTP/AVP 0')).toEqual([0]);
    expect(audioOf(makeOffer(quiet)).formats.map(({ type }) => type)).toEqual([8, 0, 13, 101]);
  });

  test('refuses every media line but the first audio, and keeps their order', () => {
    const answer = makeAnswer(
      offerOf('m=video 4002 RTP/AVP 96', 'm=audio 4000 RTP/AVP 0', 'm=audio 4004 RTP/AVP 8'),
      local,
    );
    const ports = answer.media.map((media) => (media.kind === 'other' ? media.refusal : media.port));
    expect(ports).toEqual(['video 0 RTP/AVP 96', 4000, 0]);
  });

  test.each([
    ['fewer media lines', ['m=audio 4000 RTP/AVP 8 0'], []],
    ['a payload type that was not offered', ['m=audio 4000 RTP/AVP 8'], ['m=audio 5000 RTP/AVP 0']],
    ['rtcp-mux that was not offered', ['m=audio 4000 RTP/AVP 8'], ['m=audio 5000 RTP/AVP 8', 'a=rtcp-mux']],
    [
      'sending to one who only sends',
      ['m=audio 4000 RTP/AVP 8', 'a=sendonly'],
      ['m=audio 5000 RTP/AVP 8', 'a=sendrecv'],
    ],
    [
      'listening to one who only listens',
      ['m=audio 4000 RTP/AVP 8', 'a=recvonly'],
      ['m=audio 5000 RTP/AVP 8', 'a=recvonly'],
    ],
  ])('with %s breaks a rule', (_, offer, answer) => {
    expect(checkAnswer(offerOf(...offer), offerOf(...answer))).toHaveLength(1);
  });
});

test('each side sends exactly if it wants to and the other side listens', () => {
  fc.assert(
    fc.property(directions, directions, (own, other) => {
      const agreed = agreeDirection(own, other);
      expect(sends(agreed)).toBe(sends(own) && receives(other));
      expect(receives(agreed)).toBe(receives(own) && sends(other));
    }),
  );
});

test('audio is sent in the first format of the other side that is known here', () => {
  const remote = audioOf(offerOf('m=audio 4000 RTP/AVP 18 97 8', 'a=rtpmap:97 pcmu/8000'));
  expect(chooseCodec(remote, ['PCMA', 'PCMU'])).toEqual({ codec: 'PCMU', payloadType: 97 });
  expect(chooseCodec(remote, ['PCMA'])).toEqual({ codec: 'PCMA', payloadType: 8 });
  expect(() => chooseCodec(audioOf(offerOf('m=audio 4000 RTP/AVP 18')), ['PCMA'])).toThrow(SdpError);
});
