import { SipSyntaxError } from './grammar.ts';
import { readContentLength } from './message.ts';

/** More than any SIP message here needs; a peer that sends more without a message is cut off. Bytes. */
const MAXIMUM_MESSAGE = 65_536;

/**
 * Cuts a TCP or TLS stream into messages by Content-Length, which a stream must carry (RFC 3261 section 18.3), and
 * finds the keepalive pings between them (RFC 5626 section 4.4.1).
 */
export class StreamFramer {
  #pending: Buffer = Buffer.alloc(0);

  /**
   * Takes what arrived; gives each complete message, and `'ping'` for each double CRLF between messages.
   *
   * @throws SipSyntaxError when the next message can't be delimited: the connection is no longer of use
   */
  push(chunk: Buffer): (Buffer | 'ping')[] {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    const found: (Buffer | 'ping')[] = [];
    for (let next = this.#cut(); next !== undefined; next = this.#cut()) {
      if (next !== 'skip') found.push(next);
    }
    return found;
  }

  #cut(): Buffer | 'ping' | 'skip' | undefined {
    const pending = this.#pending;
    if (pending.length === 0) return undefined;
    if (pending[0] === 0x0d || pending[0] === 0x0a) return this.#cutLineEnds(pending);

    const blank = pending.indexOf('\r\n\r\n');
    if (blank < 0) {
      if (pending.length > MAXIMUM_MESSAGE) throw new SipSyntaxError(`no message ends within ${MAXIMUM_MESSAGE} bytes`);
      return undefined;
    }
    const length = blank + 4 + contentLength(pending.toString('utf8', 0, blank));
    if (length > MAXIMUM_MESSAGE) {
      throw new SipSyntaxError(`message of ${length} bytes, at most ${MAXIMUM_MESSAGE} are read`);
    }
    if (pending.length < length) return undefined;
    this.#pending = pending.subarray(length);
    return pending.subarray(0, length);
  }

  #cutLineEnds(pending: Buffer): 'ping' | 'skip' | undefined {
    const lines = pending.toString('latin1', 0, 4);
    if (lines === '\r\n\r\n') {
      this.#pending = pending.subarray(4);
      return 'ping';
    }
    if ('\r\n\r\n'.startsWith(lines)) return undefined; // may become a ping yet
    // A single CRLF is a pong, or a line end left in front of a message.
    this.#pending = pending.subarray(lines.startsWith('\r\n') ? 2 : 1);
    return 'skip';
  }
}

function contentLength(head: string): number {
  let length: number | undefined;
  for (const match of head.matchAll(/\r\n(?:Content-Length|l)[ \t]*:[ \t]*([^\r\n]*)/gi)) {
    length = readContentLength((match[1] ?? '').trim(), length);
  }
  if (length === undefined) throw new SipSyntaxError('no Content-Length in a message over a stream');
  return length;
}
