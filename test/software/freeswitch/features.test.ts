import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  featureUser,
  namedFeatures,
  parseFeatureUser,
  plainFeatures,
  type Feature,
} from '../../../lib/software/freeswitch/features.ts';

const letterOrDigit = fc.constantFrom(...'abcxyzABCXYZ0189');
const name = fc
  .tuple(letterOrDigit, fc.string({ unit: fc.oneof(letterOrDigit, fc.constantFrom('.', '_', '-')), maxLength: 126 }))
  .map(([first, rest]) => first + rest);
const feature: fc.Arbitrary<Feature> = fc.oneof(
  fc.record({ kind: fc.constantFrom(...plainFeatures) }),
  fc.record({ kind: fc.constantFrom(...namedFeatures), name }),
);

describe('the contract between the SBC and FreeSWITCH', () => {
  it('reads back every feature from its user part', () => {
    fc.assert(
      fc.property(feature, (one) => {
        expect(parseFeatureUser(featureUser(one))).toEqual(one);
      }),
    );
  });

  it('knows no other user part', () => {
    fc.assert(
      fc.property(fc.string(), (user) => {
        const parsed = parseFeatureUser(user);
        expect(parsed === undefined ? undefined : featureUser(parsed)).toBe(parsed === undefined ? undefined : user);
      }),
    );
  });

  it.each([
    '',
    'ECHO',
    'echo-1',
    'tone ',
    'conference',
    'conference-',
    'conference-.a',
    'conference-a/b',
    'voicemail-${system(id)}',
    'mailbox-a b',
    `ivr-${'a'.repeat(128)}`,
    'ivr-a\n',
  ])('knows no feature %j', (user) => {
    expect(parseFeatureUser(user)).toBeUndefined();
  });

  it('has room for the longest tenant name and the longest user name', () => {
    expect(parseFeatureUser(`voicemail-${'t'.repeat(48)}.${'u'.repeat(63)}`)).toBeDefined();
  });
});
