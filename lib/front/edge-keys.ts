/**
 * The keys of a front, with which its edges prove to the cells and to one another what they say. Every key is accepted, and one
 * makes new proofs. Changing it takes three steps, so that nobody is ever shown a proof whose key it does not know: `withKey`
 * everywhere, then `withCurrent` everywhere, then `withoutKey`. Pure.
 */
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

/** Why a key set can't be used, or a step not be taken. */
export class EdgeKeysRefused extends Error {}

/** @throws EdgeKeysRefused without a word of what the text says: it may be a key */
export function parseEdgeKeys(text: string): EdgeKeys {
  const refused = new EdgeKeysRefused(
    `this is no set of edge keys; allowed: {"current": ID, "keys": {ID: KEY}} with 1 or ${mostKeys} keys, an ID of 4 and a KEY of 64 hexadecimal digits`,
  );
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refused;
  }
  const { current, keys } = (value ?? {}) as Partial<EdgeKeys>;
  const entries = typeof keys === 'object' ? Object.entries(keys) : [];
  if (
    typeof current !== 'string' ||
    entries.length > mostKeys ||
    !entries.some(([name]) => name === current) ||
    !entries.every(([name, secret]) => id.test(name) && typeof secret === 'string' && key.test(secret))
  )
    throw refused;
  return { current, keys: Object.fromEntries(entries) };
}

/** @param randomBytes makes so many random bytes */
export function firstEdgeKeys(randomBytes: (count: number) => Buffer): EdgeKeys {
  const name = randomBytes(2).toString('hex');
  return { current: name, keys: { [name]: randomBytes(32).toString('hex') } };
}

/**
 * With one more key, which is accepted and proves nothing yet.
 * @throws EdgeKeysRefused when the last change was not finished
 */
export function withKey(set: EdgeKeys, randomBytes: (count: number) => Buffer): EdgeKeys {
  const ids = Object.keys(set.keys);
  if (ids.length >= mostKeys) {
    throw new EdgeKeysRefused(`there are ${ids.length} keys, ${ids.join(' and ')}: drop the one that is not used any more`);
  }
  let name: string;
  do name = randomBytes(2).toString('hex');
  while (ids.includes(name));
  return { ...set, keys: { ...set.keys, [name]: randomBytes(32).toString('hex') } };
}

/** With the named key making new proofs. @throws EdgeKeysRefused when it is not there */
export function withCurrent(set: EdgeKeys, name: string): EdgeKeys {
  if (set.keys[name] === undefined) throw new EdgeKeysRefused(noKey(set, name));
  return { ...set, current: name };
}

/** Without the named key; nothing that it proved is accepted any more. @throws EdgeKeysRefused when it is the one that is used */
export function withoutKey(set: EdgeKeys, name: string): EdgeKeys {
  if (set.keys[name] === undefined) throw new EdgeKeysRefused(noKey(set, name));
  if (name === set.current) throw new EdgeKeysRefused(`key ${name} makes the proofs: let another do so first`);
  return { ...set, keys: Object.fromEntries(Object.entries(set.keys).filter(([other]) => other !== name)) };
}

function noKey({ keys }: EdgeKeys, name: string): string {
  return `there is no key ${name}; there are ${Object.keys(keys).join(' and ')}`;
}
