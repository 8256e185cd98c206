import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPlan, savePlan, WrongPlan, type PlanKeys, type PlanOf } from '../../examples/pipeline/saved-plan.ts';

/** Keys as KMS makes them: the encryption context is authenticated with the key. */
function paperKeys(): PlanKeys {
  const master = randomBytes(32);
  const context = ({ stack, commit, state }: PlanOf) => Buffer.from(JSON.stringify([stack, commit, state]));
  return {
    make(of) {
      const [key, nonce] = [randomBytes(32), randomBytes(12)];
      const cipher = createCipheriv('aes-256-gcm', master, nonce).setAAD(context(of));
      const encrypted = Buffer.concat([cipher.update(key), cipher.final()]);
      return { key, encryptedKey: Buffer.concat([nonce, cipher.getAuthTag(), encrypted]) };
    },
    decrypt(encryptedKey, of) {
      const decipher = createDecipheriv('aes-256-gcm', master, encryptedKey.subarray(0, 12)).setAAD(context(of));
      decipher.setAuthTag(encryptedKey.subarray(12, 28));
      return Buffer.concat([decipher.update(encryptedKey.subarray(28)), decipher.final()]);
    },
  };
}

const of = { stack: 'euw1-a', commit: 'a'.repeat(40), state: 'eu-west-1/states' };
const keys = paperKeys();

describe('a saved plan', () => {
  it('is read as it was, and holds nothing of it in the clear', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 2000 }), (bytes) => {
        const plan = Buffer.from(bytes);
        const text = savePlan(plan, of, keys);
        expect(readPlan(text, of, keys)).toEqual(plan);
        expect(text).not.toContain(plan.toString('base64').slice(0, 20));
      }),
    );
  });

  it.each([
    ['another stack', { ...of, stack: 'euw1-b' }, 'it is of the stack euw1-a, not of euw1-b'],
    ['another state', { ...of, state: 'local' }, 'it is for the state in eu-west-1/states, not in local'],
    [
      'another commit',
      { ...of, commit: 'b'.repeat(40) },
      `it is of the commit ${of.commit}, and this is ${'b'.repeat(40)}`,
    ],
  ])('is not that of %s', (_, asked, message) => {
    const text = savePlan(Buffer.from('a plan'), of, keys);
    expect(() => readPlan(text, asked, keys)).toThrow(new WrongPlan(message));
    // Whoever rewrites what stands in the clear has no key for it.
    const forged = JSON.stringify({ ...(JSON.parse(text) as object), ...asked });
    expect(() => readPlan(forged, asked, keys)).toThrow('authenticate');
  });

  it.each(['plan', 'nonce', 'tag'])('is refused when its %s was changed', (part) => {
    const saved = JSON.parse(savePlan(Buffer.from('a plan'), of, keys)) as Record<string, string>;
    const bytes = Buffer.from(saved[part]!, 'base64');
    bytes[0]! ^= 1;
    const text = JSON.stringify({ ...saved, [part]: bytes.toString('base64') });
    expect(() => readPlan(text, of, keys)).toThrow(new WrongPlan('it was changed after it was saved'));
  });

  it.each(['', 'PK\u0003', '{}', '[]', 'null', '{"stack":"euw1-a","commit":1}'])('is not %j', (text) => {
    expect(() => readPlan(text, of, keys)).toThrow(new WrongPlan('it is not a saved plan'));
  });
});
