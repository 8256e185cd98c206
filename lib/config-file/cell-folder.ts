/** The folder with the fleet's files. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Finding } from './finding.ts';
import { kindOf, readText, reasonOf, UnreadableFile } from './read-text.ts';
import type { TextFile } from './source.ts';

export interface CellFolder {
  /** In the order of their names. */
  readonly files: readonly TextFile[];
  /** Files that can't be read; or the folder, which then has no files. */
  readonly findings: readonly Finding[];
}

/**
 * All files that are meant as a cell or the front, however their name ends: the check of the fleet says how it must.
 * @param setting where the folder can be named, for the findings
 */
export function readCellFolder(folder: string, setting = '--cells'): CellFolder {
  const allowed = `a folder with a file NAME.yaml for every cell (${setting})`;
  const unusable = (message: string): CellFolder => {
    const file = folder === '' ? "''" : folder;
    return {
      files: [],
      findings: [{ severity: 'error', file, line: 1, column: 1, path: '', message, given: file, allowed }],
    };
  };
  let names: string[];
  try {
    const stats = statSync(folder);
    if (!stats.isDirectory()) return unusable(stats.isFile() ? 'this is a file' : `this is ${kindOf(stats)}`);
    names = readdirSync(folder);
  } catch (error) {
    return unusable(reasonOf(folder, error).replace('no such file', 'no such folder'));
  }
  const files: TextFile[] = [];
  const findings: Finding[] = [];
  // Editors and plans leave files with a dot in front beside the one that they change.
  for (const name of names.filter((name) => /^[^.].*\.ya?ml$/is.test(name)).sort()) {
    const path = join(folder, name);
    try {
      files.push({ path, text: readText(path, 'a YAML file') });
    } catch (error) {
      if (!(error instanceof UnreadableFile)) throw error;
      findings.push(error.finding);
    }
  }
  if (files.length + findings.length === 0) return unusable('there are no cells here');
  return { files, findings };
}
