/** SRTP with AES_CM_128_HMAC_SHA1_80 (RFC 3711), as phones with SDES have it (RFC 4568). */
import { createCipheriv, createHmac, randomBytes } from 'node:crypto';

const suite = 'AES_CM_128_HMAC_SHA1_80';
const tagLength = 10;

/** Master key and salt. */
export const newKey = (): Buffer => randomBytes(30);

/** The attribute of a description that offers or takes a key. */
export const cryptoLine = (key: Buffer): string => `a=crypto:1 ${suite} inline:${key.toString('base64')}`;

/** The key in a description. */
export function keyIn(description: string): Buffer {
  const found = new RegExp(`^a=crypto:\\d+ ${suite} inline:([^|\\s]+)`, 'm').exec(description);
  if (found === null) throw new Error(`no key of ${suite} in ${description}`);
  return Buffer.from(found[1]!, 'base64');
}

/** The keys of one direction. Packets have one sequence number's cycle, the first. */
export class Srtp {
  readonly #cipher: Buffer;
  readonly #authentication: Buffer;
  readonly #salt: Buffer;

  constructor(key: Buffer) {
    const derive = (label: number, length: number) => {
      const iv = Buffer.concat([key.subarray(16, 30), Buffer.alloc(2)]);
      iv[7]! ^= label;
      return counterMode(key.subarray(0, 16), iv, Buffer.alloc(length));
    };
    this.#cipher = derive(0, 16);
    this.#authentication = derive(1, 20);
    this.#salt = derive(2, 14);
  }

  /** An RTP packet as it goes over the wire. */
  protect(packet: Buffer): Buffer {
    const sealed = Buffer.concat([packet.subarray(0, 12), this.#crypt(packet)]);
    return Buffer.concat([sealed, this.#tag(sealed)]);
  }

  /** The RTP packet in what came over the wire; undefined if it is none of this key's. */
  open(data: Buffer): Buffer | undefined {
    const sealed = data.subarray(0, -tagLength);
    if (!this.#tag(sealed).equals(data.subarray(-tagLength))) return undefined;
    return Buffer.concat([sealed.subarray(0, 12), this.#crypt(sealed)]);
  }

  #crypt(packet: Buffer): Buffer {
    const iv = Buffer.concat([this.#salt, Buffer.alloc(2)]);
    // The source, and the number of the packet.
    for (let i = 0; i < 4; i++) iv[4 + i]! ^= packet[8 + i]!;
    iv[12]! ^= packet[2]!;
    iv[13]! ^= packet[3]!;
    return counterMode(this.#cipher, iv, packet.subarray(12));
  }

  #tag(sealed: Buffer): Buffer {
    const cycles = Buffer.alloc(4);
    return createHmac('sha1', this.#authentication).update(sealed).update(cycles).digest().subarray(0, tagLength);
  }
}

function counterMode(key: Buffer, iv: Buffer, text: Buffer): Buffer {
  return createCipheriv('aes-128-ctr', key, iv).update(text);
}
