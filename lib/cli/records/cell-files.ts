/** The files of call records of one cell, in a folder of its own. */
import { closeSync, existsSync, fstatSync, fsyncSync, ftruncateSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { printable } from '../../config-file/finding.ts';
import { ownerOnNetwork, tryLock, unlock } from '../../config-file/lock.ts';
import type { RecordFiles } from '../../software/call-records/delivery.ts';
import { nameOfLine, type RecordLine } from '../../software/call-records/record-line.ts';
import { CommandFailure } from '../failure.ts';
import { wholeLines } from './lines.ts';

/** Files whose names stay in memory: about 100 bytes a record. Around midnight records of two days arrive. */
const FILES_IN_MEMORY = 3;

export class CellFiles implements RecordFiles {
  readonly #folder: string;
  readonly #lock: string;
  /** Names of the lines of a file, all of which are on the disk. */
  readonly #known = new Map<string, Set<string>>();

  /**
   * Makes the folder, and keeps every other process from writing there until `close`.
   * @throws CommandFailure when another one does, or there can be no such folder
   */
  constructor(folder: string, cell: string) {
    this.#folder = join(folder, cell);
    this.#lock = join(this.#folder, '.lock');
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o750 });
      syncFolder(folder);
      const taken = tryLock(this.#lock, ownerOnNetwork());
      if (taken !== undefined) {
        const { holder } = taken;
        const who = holder === 'unknown' ? 'another process' : `process ${holder.pid} on ${holder.host}`;
        throw new CommandFailure(
          `${who} delivers to ${printable(this.#folder)}; allowed: one process for each folder and cell ` +
            `(remove ${printable(taken.path)} if it no longer runs)`,
          1,
        );
      }
    } catch (error) {
      throw error instanceof CommandFailure ? error : notWritten(this.#folder, error, 2);
    }
  }

  close(): void {
    unlock(this.#lock);
  }

  async names(file: string): Promise<ReadonlySet<string>> {
    return this.#open(file);
  }

  async append(file: string, lines: readonly RecordLine[]): Promise<void> {
    const names = await this.#open(file);
    const bytes = Buffer.from(lines.map(({ text }) => `${text}\n`).join(''));
    const path = join(this.#folder, file);
    try {
      const isNew = !existsSync(path);
      withFile(path, 'a', (descriptor) => {
        const { size } = fstatSync(descriptor);
        try {
          for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at);
          fsyncSync(descriptor);
        } catch (error) {
          // After a sync that failed, a later one may succeed although the bytes are nowhere: they are written again.
          ftruncateSync(descriptor, size);
          throw error;
        }
      });
      // A file that no folder on the disk names yet is lost with the power.
      if (isNew) syncFolder(this.#folder);
    } catch (error) {
      this.#known.delete(file);
      throw notWritten(path, error, 1);
    }
    for (const { name } of lines) names.add(name);
  }

  /** Reads a file for the first time: of a writer that was killed, the lines that are whole, which may not be on the disk yet. */
  async #open(file: string): Promise<Set<string>> {
    const known = this.#known.get(file) ?? (await this.#read(file));
    this.#known.delete(file);
    this.#known.set(file, known);
    if (this.#known.size > FILES_IN_MEMORY) this.#known.delete([...this.#known.keys()][0]!);
    return known;
  }

  async #read(file: string): Promise<Set<string>> {
    const path = join(this.#folder, file);
    const names = new Set<string>();
    let size = 0;
    try {
      if (!existsSync(path)) return names;
      for await (const { text, end } of wholeLines(path)) {
        const name = nameOfLine(file, text);
        if (name !== undefined) names.add(name);
        size = end;
      }
      withFile(path, 'r+', (descriptor) => {
        if (fstatSync(descriptor).size > size) ftruncateSync(descriptor, size);
        fsyncSync(descriptor);
      });
      syncFolder(this.#folder);
      return names;
    } catch (error) {
      throw notWritten(path, error, 1);
    }
  }
}

function withFile(path: string, flags: string, work: (descriptor: number) => void): void {
  const descriptor = openSync(path, flags, 0o640);
  try {
    work(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

const syncFolder = (path: string): void => withFile(path, 'r', fsyncSync);

function notWritten(path: string, error: unknown, status: 1 | 2): CommandFailure {
  const { code, message } = error as NodeJS.ErrnoException;
  const allowed = 'a place where this user may write, on a disk with room';
  return new CommandFailure(`${printable(path)} can't be written (${code ?? message}); allowed: ${allowed}`, status);
}
