/**
 * Replaces files together: all of them, or none. The new texts are complete on the disk before the first file is replaced, and a
 * journal names them, so that a process that is killed in between leaves what the next one needs to finish.
 */
import { createHash } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { PlanConflict } from '../failure.ts';

export interface Replacement {
  readonly path: string;
  /** Undefined where there is no such file yet. */
  readonly before: string | undefined;
  readonly after: string;
}

/** What is done to the disk, one step after the other: a test ends it between any two. */
export interface Disk {
  /** Writes a file, and returns when it has reached the disk. */
  write(path: string, text: string): void;
  rename(from: string, to: string): void;
  remove(path: string): void;
}

export const disk: Disk = {
  write(path, text) {
    const file = openSync(path, 'w');
    try {
      writeFileSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    syncFolder(path);
  },
  rename(from, to) {
    renameSync(from, to);
    syncFolder(to);
  },
  remove(path) {
    rmSync(path, { force: true });
    syncFolder(path);
  },
};

function syncFolder(path: string): void {
  const folder = openSync(dirname(path), 'r');
  fsyncSync(folder);
  closeSync(folder);
}

const journalSchema = z.strictObject({
  files: z.array(z.strictObject({ path: z.string(), before: z.string().nullable(), after: z.string() })),
});

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');
const newTextOf = (path: string): string => join(dirname(path), `.${basename(path)}.new`);
const textAt = (path: string): string | undefined => (existsSync(path) ? readFileSync(path, 'utf8') : undefined);

/**
 * @param journal path of the journal, which is there only while files are replaced
 * @throws PlanConflict when a file is no longer what it was; then nothing was written
 */
export function replaceFiles(replacements: readonly Replacement[], journal: string, onto: Disk = disk): void {
  const changed = replacements.filter(({ path, before }) => textAt(path) !== before).map(({ path }) => path);
  if (changed.length > 0) {
    throw new PlanConflict(`changed since the plan was made: ${changed.join(', ')}; nothing was written, plan again`);
  }
  for (const { path, after } of replacements) onto.write(newTextOf(path), after);
  const files = replacements.map(({ path, before, after }) => ({
    path,
    before: before === undefined ? null : hashOf(before),
    after: hashOf(after),
  }));
  onto.write(journal, `${JSON.stringify({ files }, null, 2)}\n`);
  for (const { path } of replacements) onto.rename(newTextOf(path), path);
  onto.remove(journal);
}

/**
 * Finishes what a killed process began.
 *
 * @returns the files that are now as they were to be; empty where nothing was left unfinished
 * @throws PlanConflict when somebody has changed a file since: then a person decides, and nothing is touched
 */
export function finishReplacing(journal: string, onto: Disk = disk): readonly string[] {
  const text = textAt(journal);
  if (text === undefined) return [];
  const { files } = journalIn(journal, text);
  const waiting = files.filter(({ path, after }) => hashed(path) !== after);
  const changed = waiting.filter(({ path, before }) => hashed(path) !== before).map(({ path }) => path);
  if (changed.length > 0) {
    throw new PlanConflict(
      `a plan was killed while it was written, and since then ${changed.join(', ')} changed; compare with ${changed.map(newTextOf).join(', ')}, then remove ${journal}`,
    );
  }
  for (const { path } of waiting) onto.rename(newTextOf(path), path);
  onto.remove(journal);
  return files.map(({ path }) => path);
}

function journalIn(path: string, text: string): z.output<typeof journalSchema> {
  try {
    return journalSchema.parse(JSON.parse(text));
  } catch {
    throw new PlanConflict(
      `${path} is not a journal as a plan leaves it, so how far an earlier plan came is not known; compare the files with their .new files, then remove it`,
    );
  }
}

function hashed(path: string): string | null {
  const text = textAt(path);
  return text === undefined ? null : hashOf(text);
}
