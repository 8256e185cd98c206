import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { afterStep, EdgeKeysRefused, firstEdgeKeys, parseEdgeKeys } from '../../lib/fleet/edge-keys.ts';

/** The same bytes in every run. */
function bytes(): (count: number) => Buffer {
  let n = 0;
  return (count) => createHash('sha256').update(String(n++)).digest().subarray(0, count);
}

describe('the keys of a front', () => {
  const random = bytes();
  const first = firstEdgeKeys(random);
  const added = afterStep(first, { step: 'add' }, random);
  const [old, other] = Object.keys(added.keys) as [string, string];

  it('are one at first, which makes the proofs', () => {
    expect(Object.keys(first.keys)).toEqual([first.current]);
    expect(first.keys[first.current]).toMatch(/^[0-9a-f]{64}$/);
  });

  it('are changed in three steps: one more, which is used then, and the end of the old one', () => {
    expect(added).toEqual({
      current: old,
      keys: { ...first.keys, [other]: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
    });
    const used = afterStep(added, { step: 'use', id: other }, random);
    expect(used).toEqual({ ...added, current: other });
    expect(afterStep(used, { step: 'use', id: other }, random)).toEqual(used);
    expect(afterStep(used, { step: 'drop', id: old }, random)).toEqual({
      current: other,
      keys: { [other]: added.keys[other] },
    });
  });

  it('are never left without the one that is used, nor three', () => {
    expect(() => afterStep(added, { step: 'drop', id: old }, random)).toThrow(`key ${old} makes the proofs`);
    expect(() => afterStep(added, { step: 'add' }, random)).toThrow(`there are 2 keys, ${old} and ${other}`);
    for (const step of ['use', 'drop'] as const) {
      expect(() => afterStep(first, { step, id: 'ffff' }, random)).toThrow(`there is no key ffff; there are ${old}`);
    }
  });

  it('never get the id of one that is there', () => {
    const texts = ['aaaa', 'k1'.repeat(32), 'aaaa', 'bbbb', 'k2'.repeat(32)].map((hex) =>
      Buffer.from(hex.replaceAll('k', 'c'), 'hex'),
    );
    const next = () => texts.shift()!;
    expect(Object.keys(afterStep(firstEdgeKeys(next), { step: 'add' }, next).keys)).toEqual(['aaaa', 'bbbb']);
  });

  it('are read back as they were written', () => {
    expect(parseEdgeKeys(JSON.stringify(added))).toEqual(added);
  });

  const key = 'a'.repeat(64);
  it.each([
    'none',
    'null',
    '{}',
    '[]',
    `{"current": "1a2b", "keys": {}}`,
    `{"current": "1a2b", "keys": {"1a2c": "${key}"}}`,
    `{"current": "1a2b", "keys": {"1a2b": "${key.slice(1)}"}}`,
    `{"current": "toString", "keys": {"1a2b": "${key}"}}`,
    `{"current": "1a2b", "keys": {"1a2b": "${key}", "x": "${key}"}}`,
    `{"current": "1a2b", "keys": {"1a2b": "${key}", "1a2c": "${key}", "1a2d": "${key}"}}`,
  ])('are refused in %s, without a word of what it says', (text) => {
    expect(() => parseEdgeKeys(text)).toThrow(EdgeKeysRefused);
    expect(() => parseEdgeKeys(text)).toThrow(/^not a set of edge keys; allowed: [^a]*((?!a{8}).)*$/);
  });
});
