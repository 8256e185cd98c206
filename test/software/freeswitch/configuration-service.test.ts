import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { questionUrl } from '../../../lib/software/freeswitch/configuration-service.ts';

const question = 'feature=$1&name=$2&caller=${url_encode(${sip_from_user})}&call=${url_encode(${sip_call_id})}';

describe('the question to the configuration service', () => {
  it.each([
    ['http://settings.example/', 'http://settings.example/?'],
    ['https://settings.example/v1?cell=a', 'https://settings.example/v1?cell=a&'],
    ['https://settings.example/v1#part', 'https://settings.example/v1?'],
  ])('is asked of %s', (service, begin) => {
    expect(questionUrl(service)).toBe(begin + question);
  });

  it('holds nothing of the configured URL that FreeSWITCH would take for a variable, a quote or the end of an argument', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (path) => {
        const own = questionUrl(`https://settings.example/${path}`).slice(0, -question.length);
        expect(own).toMatch(/^[!-~]+$/);
        expect(own).not.toMatch(/[$'"\\{}]/);
      }),
    );
  });
});
