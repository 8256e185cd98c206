/**
 * The keys of a front, with which its edges prove to the cells and to one another what they say. Every key is accepted, and one
 * makes new proofs. Changing it takes three steps, so that nobody is ever shown a proof whose key it does not know: one more key
 * everywhere, then its use everywhere, then the end of the old one. Pure.
 */
import { counted } from '../config-file/counted.ts';
import { UserError } from '../config-file/user-error.ts';
export interface EdgeKeys {
  /** Id of the key that makes new proofs. */
  readonly current: string;
  /** Id, four hexadecimal digits, to 32 bytes in hexadecimal. */
  readonly keys: Readonly<Record<string, string>>;
}

/** The key that proves is accepted beside the one before it, and no third. */
const mostKeys = 2;

const id = /^[0-9a-f]{4}$/;
const key = /^[0-9a-f]{64}$/;

export type EdgeKeysStep =
  | { readonly step: 'add' }
  | { readonly step: 'use'; readonly id: string }
  | { readonly step: 'drop'; readonly id: string };

/** Why a key set can't be used, or a step not be taken. */
export class EdgeKeysRefused extends UserError {
  override readonly name = 'EdgeKeysRefused';

  constructor(message: string) {
    super(message, 2);
  }
}

/** @throws EdgeKeysRefused without a word of what the text says: it may be a key */
export function parseEdgeKeys(text: string): EdgeKeys {
  const refused = new EdgeKeysRefused(
    `not a set of edge keys; allowed: {"current": ID, "keys": {ID: KEY}} with 1 or ${counted(mostKeys, 'key')}, an ID of 4 and a KEY of 64 hexadecimal digits`,
  );
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refused;
  }
  const { current, keys } = (value ?? {}) as Partial<EdgeKeys>;
  const entries = typeof keys === 'object' && (keys as unknown) !== null ? Object.entries(keys) : [];
  if (
    typeof current !== 'string' ||
    entries.length > mostKeys ||
    !entries.some(([name]) => name === current) ||
    !entries.every(([name, secret]) => id.test(name) && typeof secret === 'string' && key.test(secret))
  )
    throw refused;
  return { current, keys: Object.fromEntries(entries) };
}

/** @param randomBytes makes this many random bytes */
export function firstEdgeKeys(randomBytes: (count: number) => Buffer): EdgeKeys {
  const name = randomBytes(2).toString('hex');
  return { current: name, keys: { [name]: randomBytes(32).toString('hex') } };
}

/**
 * The key set after a step: with one more key, which is accepted and proves nothing yet; with the named key making new proofs; or
 * without the named key, so that nothing that it has proved is accepted any more.
 * @param randomBytes makes this many random bytes
 * @throws EdgeKeysRefused when the step can't be taken
 */
export function afterStep(set: EdgeKeys, change: EdgeKeysStep, randomBytes: (count: number) => Buffer): EdgeKeys {
  const ids = Object.keys(set.keys);
  if (change.step === 'add') {
    if (ids.length >= mostKeys) {
      throw new EdgeKeysRefused(
        `there are ${counted(ids.length, 'key')}, ${ids.join(' and ')}: drop the one that is not used any more`,
      );
    }
    let added: string;
    do added = randomBytes(2).toString('hex');
    while (ids.includes(added));
    return { ...set, keys: { ...set.keys, [added]: randomBytes(32).toString('hex') } };
  }
  if (!ids.includes(change.id))
    throw new EdgeKeysRefused(`there is no key ${change.id}; there are ${ids.join(' and ')}`);
  if (change.step === 'use') return { ...set, current: change.id };
  if (change.id === set.current)
    throw new EdgeKeysRefused(`key ${change.id} makes the proofs: let another do so first`);
  return { ...set, keys: Object.fromEntries(Object.entries(set.keys).filter(([id]) => id !== change.id)) };
}
