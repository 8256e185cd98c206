/** The audit log of roll-outs: a line of JSON for every step on a cell, only appended. A roll-out goes on from it. */
import { accessSync, closeSync, constants, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { z } from 'zod';
import { isThere, requireFile } from '../config-file/read-text.ts';
import { userName } from '../config-file/user-name.ts';
import { appendLine, NotWritten } from './append-line.ts';
import { instant } from './values.ts';

/** A later version may say more: whoever rolls back to this one still goes on from its steps. */
const lineSchema = z.object({
  at: instant,
  by: z.object({ user: z.string(), host: z.string(), process: z.int() }),
  cell: z.string(),
  step: z.enum(['begin', 'deploy', 'prove', 'bake', 'look', 'back', 'wait', 'stop', 'end']),
  from: z.string(),
  to: z.string(),
  result: z.enum(['begun', 'done', 'failed', 'good', 'bad', 'undecided', 'held', 'proved', 'back', 'left']),
  why: z.string().optional(),
  calls: z.number().min(0).optional(),
});

type Line = z.output<typeof lineSchema>;
type Step = Omit<Line, 'at'> & { readonly at: number };

const NEWLINE = 10;
const CHUNK = 2 ** 20;

export class RolloutLog {
  readonly #path: string;
  /** Those up to `#end`, of the file that `#file` is: a roll-out asks again and again, and the file only grows. */
  #known: Step[] = [];
  #end = 0;
  #file: number | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** Before anything is done whose steps could not be kept. @throws NotWritten */
  requireWritable(): void {
    try {
      accessSync(existsSync(this.#path) ? this.#path : dirname(this.#path), constants.W_OK);
    } catch (error) {
      throw new NotWritten(this.#path, error);
    }
  }

  /** Adds a step, on the disk when this returns. @throws NotWritten */
  add(step: Omit<Line, 'at' | 'by'>): void {
    const by = { user: userName(), host: hostname(), process: process.pid };
    const line: Line = { at: new Date().toISOString(), by, ...step };
    appendLine(this.#path, line);
  }

  /**
   * All steps, in the order in which they were added; none where there is no file. A line that a crash tore tells of a step that was not taken yet,
   * or will be taken again: it is left out, like any line that is not a step, whatever bytes it holds.
   * @throws UnreadableFile
   */
  steps(): readonly Step[] {
    if (!isThere(this.#path)) {
      this.#begin(undefined);
      return [];
    }
    requireFile(this.#path, 'a file as `npx cellstamp rollout` writes it');
    const file = openSync(this.#path, 'r');
    try {
      const { ino, size } = fstatSync(file);
      if (ino !== this.#file || size < this.#end) this.#begin(ino);
      const open = this.#readOn(file);
      return [...this.#known, ...stepsIn(open)];
    } finally {
      closeSync(file);
    }
  }

  #begin(file: number | undefined): void {
    [this.#file, this.#known, this.#end] = [file, [], 0];
  }

  /** @returns what follows the last whole line */
  #readOn(file: number): Buffer {
    let open = Buffer.alloc(0);
    for (;;) {
      const chunk = Buffer.alloc(CHUNK);
      const bytes = readSync(file, chunk, 0, CHUNK, this.#end + open.length);
      if (bytes === 0) return open;
      open = Buffer.concat([open, chunk.subarray(0, bytes)]);
      const whole = open.lastIndexOf(NEWLINE) + 1;
      for (const step of stepsIn(open.subarray(0, whole))) this.#known.push(step);
      this.#end += whole;
      open = open.subarray(whole);
    }
  }
}

const stepsIn = (lines: Buffer): readonly Step[] =>
  lines
    .toString()
    .split('\n')
    .flatMap((line) => {
      const step = stepOf(line);
      return step === undefined ? [] : [{ ...step, at: Date.parse(step.at) }];
    });

function stepOf(line: string): Line | undefined {
  try {
    return lineSchema.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}
