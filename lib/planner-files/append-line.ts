/** Files to which lines of JSON are only added, by several processes, any of which may be killed. */
import { closeSync, existsSync, fsyncSync, openSync, readSync, fstatSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { printable } from '../config-file/finding.ts';
import { UserError } from '../config-file/user-error.ts';

const NEWLINE = 10;

/** A line could not be added: the disk is full or read-only, the file is somebody else's. */
export class NotWritten extends UserError {
  override readonly name = 'NotWritten';

  constructor(path: string, error: unknown) {
    const { code, message } = error as NodeJS.ErrnoException;
    const allowed = 'a file that this user may add to, on a disk with room';
    super(`${printable(path)} can't be written (${code ?? message}); allowed: ${allowed}`, 1);
  }
}

/**
 * Adds a line, on the disk when this returns. It is one write at the end of the file, so lines of several writers do not mix. What a crash left of a
 * line before stays as a line of its own.
 * @throws NotWritten
 */
export function appendLine(path: string, value: object): void {
  try {
    const isNew = !existsSync(path);
    addLine(path, value);
    // A file that no folder on the disk names yet is lost with the power.
    if (isNew) sync(dirname(path));
  } catch (error) {
    throw new NotWritten(path, error);
  }
}

function addLine(path: string, value: object): void {
  const file = openSync(path, 'a+');
  try {
    const line = Buffer.from(`${endsWithinLine(file) ? '\n' : ''}${JSON.stringify(value)}\n`);
    const written = writeSync(file, line);
    if (written < line.length) throw new Error(`only ${written} of ${line.length} bytes fit on the disk`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function sync(folder: string): void {
  const file = openSync(folder, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function endsWithinLine(file: number): boolean {
  const { size } = fstatSync(file);
  const last = Buffer.alloc(1);
  return size > 0 && readSync(file, last, 0, 1, size - 1) === 1 && last[0] !== NEWLINE;
}
