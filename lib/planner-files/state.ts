/** What a plan leaves to the next one, in a file that only changes from what was read. */
import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { memorySchema, type CellMemory, type PlanMemory } from '../planner/plan/schema.ts';
import { writtenForm } from '../config-file/written-form.ts';
import { isThere } from '../config-file/read-text.ts';
import { checkFile, readFile } from '../config-file/checked-file.ts';
import { PlanConflict } from './failure.ts';
import { InvalidFiles } from '../config-file/invalid-files.ts';
import { withLock } from './lock.ts';

const stateSchema = z.strictObject({
  version: z.literal(1).describe('Of this format.'),
  now: z.iso.datetime().describe('Instant of the plan that left it.'),
  plan: z.string().describe('Hash of that plan, by which the audit log knows it.'),
  memory: memorySchema,
});
const stateJsonSchema = writtenForm(stateSchema);

export type PlanningState = z.output<typeof stateSchema>;

export interface ReadState {
  readonly path: string;
  /** SHA-256 of the file as it was read; undefined where there was none. */
  readonly hash: string | undefined;
  /** Undefined before the first plan. */
  readonly state: PlanningState | undefined;
}

const allowed = 'a file as a plan leaves it, or none';

/** @throws InvalidFiles for a file that no plan has left so */
export function readState(path: string): ReadState {
  if (!isThere(path)) return { path, hash: undefined, state: undefined };
  const { text } = readFile(path, allowed);
  const { value, findings } = checkFile({ path, text }, stateSchema, stateJsonSchema());
  if (value === undefined || findings.length > 0) throw new InvalidFiles(findings);
  return { path, hash: hashOf(text), state: value };
}

/**
 * Works alone on the state that was read.
 *
 * @param work gets what saves the next state, whole or not at all
 * @throws PlanConflict when another plan has saved its own since, or is about to; then no work was done
 */
export function whileUnchanged<T>(
  { path, hash }: ReadState,
  work: (save: (next: PlanningState) => void) => Promise<T>,
): Promise<T> {
  return aloneWith(path, () => {
    const there = isThere(path) ? hashOf(readFile(path, allowed).text) : undefined;
    if (there !== hash) {
      throw new PlanConflict(
        `another plan has changed ${path} since this one read it, so nothing of this one was written; plan again`,
      );
    }
    return work((next) => replaceFile(path, `${JSON.stringify(next, null, 2)}\n`));
  });
}

/** Works while no plan is being written. @throws PlanConflict when one is */
export const aloneWith = <T>(path: string, work: () => Promise<T>): Promise<T> => withLock(`${path}.lock`, work);

/** What a plan remembers of a cell because it decided it. */
const DECIDED: ReadonlySet<keyof CellMemory> = new Set(['cordonedAt', 'drainBy', 'stampedAt']);

/**
 * What is left of a plan that nobody acts on: what it saw, for "in every plan for this many hours", and not what it decided.
 *
 * @param before the memory that the plan was given
 * @param after the memory that it made
 */
export function seenOnly(before: PlanMemory | undefined, after: PlanMemory): PlanMemory {
  const cells = Object.entries(after.cells).map(([name, now]): [string, CellMemory] => {
    const known: CellMemory = before?.cells[name] ?? {};
    // Where deciding restarts a wait, the old one goes on: nothing was done.
    const seen = (Object.keys(now) as (keyof CellMemory)[]).map(
      (key) => [key, known[key] ?? (DECIDED.has(key) ? undefined : now[key])] as const,
    );
    return [name, Object.fromEntries(seen.filter(([, at]) => at !== undefined))];
  });
  return { ...after, cells: Object.fromEntries(cells), done: before?.done ?? [] };
}

function replaceFile(path: string, text: string): void {
  const temporary = `${path}.${process.pid}.new`;
  const file = openSync(temporary, 'w');
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
  const folder = openSync(dirname(path), 'r');
  fsyncSync(folder);
  closeSync(folder);
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');
