import { createReadStream } from 'node:fs';

const NEWLINE = 10;

export interface Line {
  readonly text: string;
  /** Byte of the file behind the line and its newline. */
  readonly end: number;
}

/**
 * The whole lines of a file, one after the other. What follows the last newline is not a line: its writer is at it, or was killed.
 * @throws the file system's error
 */
export async function* wholeLines(path: string): AsyncGenerator<Line, void, undefined> {
  let rest: Buffer = Buffer.alloc(0);
  let begin = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    for (let newline; (newline = bytes.indexOf(NEWLINE, at)) !== -1; at = newline + 1) {
      yield { text: bytes.toString('utf8', at, newline), end: begin + newline + 1 };
    }
    begin += at;
    rest = bytes.subarray(at);
  }
}
