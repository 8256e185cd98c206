import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PlanConflict } from '../../../lib/planner-files/failure.ts';
import { disk, finishReplacing, replaceFiles, type Disk } from '../../../lib/planner-files/write-plan/replace-files.ts';

let folder: string;
let journal: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cellstamp-replace-'));
  journal = join(folder, 'state.json.journal');
  writeFileSync(join(folder, 'a.yaml'), 'old a\n');
  writeFileSync(join(folder, 'b.yaml'), 'old b\n');
});
afterEach(() => rmSync(folder, { recursive: true }));

const files = () =>
  Object.fromEntries(
    readdirSync(folder)
      .sort()
      .map((name) => [name, readFileSync(join(folder, name), 'utf8')]),
  );
const old = { 'a.yaml': 'old a\n', 'b.yaml': 'old b\n' };
const made = { 'a.yaml': 'new a\n', 'b.yaml': 'new b\n', 'c.yaml': 'new c\n' };
const replacements = () => [
  { path: join(folder, 'a.yaml'), before: 'old a\n', after: 'new a\n' },
  { path: join(folder, 'b.yaml'), before: 'old b\n', after: 'new b\n' },
  { path: join(folder, 'c.yaml'), before: undefined, after: 'new c\n' },
];

class Killed extends Error {}
/** A disk whose process is killed before one of its steps. */
function diskUntil(step: number): Disk {
  let left = step;
  const counted =
    <A extends readonly unknown[]>(work: (...args: A) => void) =>
    (...args: A) => {
      if (left-- === 0) throw new Killed();
      work(...args);
    };
  return { write: counted(disk.write), rename: counted(disk.rename), remove: counted(disk.remove) };
}

describe('files that are replaced together', () => {
  it('are replaced, and nothing else is left', () => {
    replaceFiles(replacements(), journal);
    expect(files()).toEqual(made);
  });

  it('are all old or all new after the next run, wherever the process was killed', () => {
    const outcomes = new Set<string>();
    let steps = 0;
    for (let killed = true; killed; steps++) {
      writeFileSync(join(folder, 'a.yaml'), 'old a\n');
      writeFileSync(join(folder, 'b.yaml'), 'old b\n');
      rmSync(join(folder, 'c.yaml'), { force: true });
      killed = false;
      try {
        replaceFiles(replacements(), journal, diskUntil(steps));
      } catch (error) {
        expect(error).toBeInstanceOf(Killed);
        killed = true;
      }
      finishReplacing(journal);
      const rest = Object.fromEntries(Object.entries(files()).filter(([name]) => !name.endsWith('.new')));
      expect([old, made]).toContainEqual(rest);
      outcomes.add(rest['a.yaml']!);
    }
    // Three texts, the journal, three renames, the journal again.
    expect(steps).toBe(9);
    expect(outcomes).toEqual(new Set(['old a\n', 'new a\n']));
  });

  it('are left alone when one of them changed', () => {
    writeFileSync(join(folder, 'b.yaml'), 'by hand\n');
    writeFileSync(join(folder, 'c.yaml'), 'by hand too\n');
    expect(() => replaceFiles(replacements(), journal)).toThrow(PlanConflict);
    expect(() => replaceFiles(replacements(), journal)).toThrow(/b\.yaml, .*c\.yaml; nothing was written/);
    expect(files()).toEqual({ 'a.yaml': 'old a\n', 'b.yaml': 'by hand\n', 'c.yaml': 'by hand too\n' });
  });

  it('are a person’s to decide on when one changed after the process was killed', () => {
    expect(() => replaceFiles(replacements(), journal, diskUntil(5))).toThrow(Killed);
    writeFileSync(join(folder, 'b.yaml'), 'by hand\n');
    const before = files();
    expect(() => finishReplacing(journal)).toThrow(/b\.yaml changed; compare with .*\.b\.yaml\.new/);
    expect(files()).toEqual(before);
  });

  it('need no finishing as a rule', () => {
    expect(finishReplacing(journal)).toEqual([]);
  });
});
